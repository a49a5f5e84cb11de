import { END_ID, PAD_ID, START_ID, type SpecialIds } from "../text/special-tokens.ts";

/** The longest output: `factor` · tokens of the source (its end token counted) + `constant`, the output's end token counted. */
export interface MaximumLength {
  readonly factor: number;
  readonly constant: number;
}

/** Tokens of the outputs that stand for no text. */
export type OutputTokens = Pick<SpecialIds, "pad" | "start" | "end">;

/** Those of the vocabularies that Decade trains. */
export const OUTPUT_TOKENS: OutputTokens = { pad: PAD_ID, start: START_ID, end: END_ID };

/** What all ways of writing an output have in common. */
export interface GenerationOptions {
  /** By default 2 · source + 20. */
  readonly maximumLength?: MaximumLength;
  /** Tokens that are never written, beside padding and the start token; `[UNKNOWN_ID]` for one. */
  readonly banned?: readonly number[];
  /** Called after each token with the number of those that the outputs have by now. */
  readonly onToken?: (length: number) => void;
}

/** An output of a model. */
export interface Hypothesis {
  /** Token ids, without start and end token. */
  readonly tokens: Int32Array;
  /** Natural log-probability given the source, that of the end token included. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: the log-probability, normalised where that was asked for. */
  readonly score: number;
  /** Whether it ends with the end token; otherwise it was cut off at the maximum length. */
  readonly finished: boolean;
  /** Weights over source positions for each token, and for the end token where finished; absent without attention. */
  readonly alignment: readonly Float32Array[] | undefined;
}

/** Log-probabilities at or below this are of impossible tokens. */
export const IMPOSSIBLE = -1e8;

/** @throws RangeError where the bounds allow no output. */
export function lengthLimit(sourceLength: number, { factor, constant }: MaximumLength = { factor: 2, constant: 20 }): number {
  const limit = Math.floor(factor * sourceLength + constant);
  if (!(limit >= 1)) {
    throw new RangeError(`The maximum length of an output is ${factor} · ${sourceLength} + ${constant}; it must be at least 1.`);
  }
  return limit;
}

/** All tokens that are never written; the end is, whatever else it stands for. */
export function bannedTokens({ banned = [] }: GenerationOptions, { pad, start, end }: OutputTokens): ReadonlySet<number> {
  return new Set([...[pad, start].filter((id) => id !== end), ...banned]);
}

/** A model leaves nothing to go on with. */
export class NoTokenError extends Error {
  override readonly name = "NoTokenError";
}

/** @throws NoTokenError, always: for a step that left nothing to go on with. */
export function failWithoutTokens(): never {
  throw new NoTokenError("The model gives no token a probability above zero; its weights may hold NaN, or all likely tokens are banned.");
}

/** @throws RangeError where the value is not a whole number of at least 1. */
export function requireCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} is ${value}; give a whole number of at least 1.`);
}
