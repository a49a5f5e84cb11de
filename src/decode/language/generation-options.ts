import { checkSeed } from "../../metrics/counter-random.ts";
import { requireCount } from "../generation.ts";
import type { TextConstraint } from "./constraint/text-constraint.ts";
import { checkTokenChoice, type TokenChoice } from "./token-choice.ts";

/** Why a text ends. */
export type EndReason =
  /** The model wrote a token that ends texts. */
  | "end"
  /** A stop text or stop token came. */
  | "stop"
  /** The constraint leaves nothing to add. */
  | "complete"
  /** It has `maxTokens` tokens. */
  | "length"
  /** The model can look at no more tokens. */
  | "context";

/** One value for all prompts, or one each. */
export type OfPrompts<Value> = Value | readonly Value[];

export interface TextGenerationOptions extends TokenChoice {
  /** The most new tokens of a text: of all, or one number a prompt; 256 by default. */
  readonly maxTokens?: OfPrompts<number>;
  /** Texts that end the generated one; they are no part of it. */
  readonly stop?: readonly string[];
  /** Tokens that end a text, beside those that the model ends texts with. */
  readonly stopTokens?: readonly number[];
  /** Of the draws; 1 by default. A draw depends on it, the sample's number and the position alone. */
  readonly seed?: number;
  /** What tells the prompts' draws apart, one number each; without it, samples of the same number share their draws. */
  readonly streams?: readonly number[];
  /** Texts for a prompt: for each alike, or one number a prompt; 1 by default. */
  readonly samples?: OfPrompts<number>;
  /** How many of the likeliest tokens are reported at each position, with their log-probabilities; 0 by default. */
  readonly alternatives?: number;
  /** What the text must match: `regularExpression` or `jsonSchema`. */
  readonly constraint?: TextConstraint;
  /**
   * At the model's context, ends the text ("stop", the default) or goes on from the last half of what it can look at
   * ("slide").
   */
  readonly whenFull?: "stop" | "slide";
  /** Texts that are written at once; 16 by default. */
  readonly batch?: number;
  /** Told, of each prompt that is read, what that took: less than all of it where its beginning is remembered. Not with a draft. */
  readonly onRead?: (prompt: number, reading: PromptReading) => void;
}

/** What it took to read a prompt, for all of its samples. */
export interface PromptReading {
  /** Tokens that were read. */
  readonly read: number;
  /** How often the tokens that may follow were scored. */
  readonly scored: number;
}

/** A token that was written. */
export interface WrittenToken extends TokenLikelihood {
  /** The likeliest tokens at its place, best first. */
  readonly alternatives: readonly TokenLikelihood[];
}

export interface TokenLikelihood {
  readonly token: number;
  /** The model's, at temperature 1 and without penalties or constraint, nats. */
  readonly logProbability: number;
}

/** What one step adds to a text. */
export interface TextEvent {
  readonly prompt: number;
  readonly sample: number;
  /** New text, whole characters; empty while a character or a possible stop text is incomplete. */
  readonly text: string;
  /** Absent where the last event only gives text that was held back. */
  readonly token: WrittenToken | undefined;
  /** On the text's last event. */
  readonly reason: EndReason | undefined;
}

export interface GeneratedText {
  /** Without the prompt. */
  readonly text: string;
  /** Without the token that ended it; where a stop text ended it, with the tokens that spell that. */
  readonly tokens: Int32Array;
  /** Of all tokens, that of the end included, nats. */
  readonly logProbability: number;
  readonly reason: EndReason;
  /** Each token, and the one that ended the text. */
  readonly details: readonly WrittenToken[];
}

/** What is meant for a prompt; `standard` where nothing is said. */
export function ofPrompt(values: OfPrompts<number> | undefined, prompt: number, standard: number): number {
  return (typeof values === "object" ? values[prompt] : values) ?? standard;
}

/** @throws RangeError where an option makes no sense for so many prompts and a vocabulary of this size */
export function checkOptions(options: TextGenerationOptions, prompts: number, vocabulary: number): void {
  const { maxTokens = 1, samples = 1, batch = 1, seed = 1, alternatives = 0, stopTokens = [] } = options;
  checkTokenChoice(options);
  checkSeed(seed);
  requireCounts("maxTokens", maxTokens, prompts);
  requireCounts("samples", samples, prompts);
  requireCount("batch", batch);
  if (!Number.isInteger(alternatives) || alternatives < 0) {
    throw new RangeError(`alternatives is ${alternatives}; give a whole number of at least 0.`);
  }
  checkTokens(stopTokens, vocabulary, "stop token");
}

function requireCounts(name: string, values: OfPrompts<number>, prompts: number): void {
  if (typeof values === "number") return requireCount(name, values);
  if (values.length !== prompts) throw new RangeError(`${name} has ${values.length} numbers for ${prompts} prompts; give one for all, or one each.`);
  for (const [at, value] of values.entries()) requireCount(`${name} of prompt ${at + 1}`, value);
}

/** @throws RangeError where a token is not in the vocabulary */
export function checkTokens(tokens: ArrayLike<number>, vocabulary: number, what: string): void {
  for (const token of Array.from(tokens)) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
      throw new RangeError(`The ${what} ${token} is outside the model's vocabulary, whose ids are 0 to ${vocabulary - 1}; does the tokenizer belong to this model?`);
    }
  }
}
