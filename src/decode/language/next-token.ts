import { uniform } from "../../data/shuffle.ts";
import type { NumericArray } from "../../engines/engine.ts";
import type { AllowedTokens } from "./constraint/token-masks.ts";
import type { TextGenerationOptions, TokenLikelihood, WrittenToken } from "./generation-options.ts";
import type { TextRow } from "./text-row.ts";
import { chooseToken, penalized, penalizes, type TokenScores } from "./token-choice.ts";
import type { NewTokens, TokenMemory, TokenScorer } from "./token-scorer.ts";

/** What a step tells of the tokens that may follow a row, nats. */
export interface RowScores extends TokenScores {
  /** Logarithm of the sum of the exponentials of the logits; known where all tokens are scored. */
  readonly normalizer: number;
}

/** Reads new tokens and scores what follows each row: all tokens, or only the likeliest where these decide. */
export async function scoreNext(
  scorer: TokenScorer, memory: TokenMemory, input: NewTokens, options: TextGenerationOptions,
): Promise<(row: number) => RowScores> {
  const { greedy = false, topK, alternatives = 0, constraint } = options;
  const needed = greedy ? 1 : topK;
  if (needed === undefined || constraint !== undefined || penalizes(options)) {
    const { logProbabilities, normalizers } = await scorer.distribution(memory, input);
    return (row) => ({ values: rowOf(logProbabilities, row), tokens: undefined, normalizer: normalizers.data[row] ?? NaN });
  }
  const { values, tokens } = await scorer.best(memory, input, Math.max(needed, alternatives));
  return (row) => ({ values: rowOf(values, row), tokens: rowOf(tokens, row), normalizer: NaN });
}

export function rowOf({ data, shape }: NumericArray, row: number): NumericArray["data"] {
  const width = shape.at(-1) ?? 0;
  return data.subarray(row * width, (row + 1) * width);
}

/** Chooses a row's next token; `undefined` where the constraint lets the text end and the model wants something else. */
export function nextToken(row: TextRow, scores: RowScores, ends: ReadonlySet<number>, options: TextGenerationOptions): WrittenToken | undefined {
  const point = uniform(options.seed ?? 1, ...streamOf(row, options), row.sample, row.count);
  const { allowed } = row;
  const favoured = penalizes(options) ? { ...scores, values: penalized(scores.values, scores.normalizer, options, row.history) } : scores;
  if (allowed === undefined) return described(chooseToken(favoured, options, point), scores, options);
  if (allowed.mayEnd && ends.size === 0 && !allowed.tokens.includes(chooseToken(favoured, { greedy: true }, 0))) return undefined;
  return described(chooseToken(restricted(favoured, allowed, ends), options, point), scores, options);
}

/** What tells a prompt's draws apart from those of others. */
export function streamOf({ prompt }: TextRow, { streams }: TextGenerationOptions): readonly number[] {
  return streams === undefined ? [] : [streams[prompt] ?? prompt];
}

function restricted({ values }: TokenScores, { tokens, mayEnd }: AllowedTokens, ends: ReadonlySet<number>): TokenScores {
  const possible = mayEnd ? Int32Array.from([...tokens, ...ends]) : tokens;
  return { values: Float64Array.from(possible, (token) => values[token] ?? NaN), tokens: possible };
}

/** A token with the model's own log-probabilities at its place. */
export function described(token: number, { values, tokens }: TokenScores, { alternatives = 0 }: TextGenerationOptions): WrittenToken {
  const at = tokens === undefined ? token : Array.from(tokens).indexOf(token);
  return { token, logProbability: values[at] ?? NaN, alternatives: alternatives > 0 ? likeliest({ values, tokens }, alternatives) : [] };
}

function likeliest({ values, tokens }: TokenScores, count: number): TokenLikelihood[] {
  const places = Array.from(values, (_, at) => at).sort((a, b) => (values[b] ?? NaN) - (values[a] ?? NaN) || a - b);
  return places.slice(0, count).map((at) => ({ token: tokens?.[at] ?? at, logProbability: values[at] ?? NaN }));
}
