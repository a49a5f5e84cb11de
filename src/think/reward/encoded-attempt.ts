import type { TextFrame } from "../../decode/language/generator.ts";
import { ThinkError } from "../think-error.ts";

/** An attempt with its prompt as a reward model reads it. */
export interface EncodedAttempt {
  readonly tokens: Int32Array;
  /** Place of each step's last token, in order; the last is the whole's. */
  readonly ends: readonly number[];
}

/** How attempts are written in tokens and cut into steps. */
export interface AttemptForm extends TextFrame {
  /** The most tokens that the model can look at; `undefined` where there is no bound. */
  readonly context: number | undefined;
  /** Stands between steps, and belongs to the one before it; without it each token is a step. */
  readonly separator: string | undefined;
}

/**
 * Steps are encoded one by one, so that what stands before a step reads the same whatever follows it. A whole attempt has the
 * token that ends texts as its last, where there is room for it; what the model's context has no room for is not read.
 *
 * @param whole whether the text is an attempt that is finished, or ends with a separator in its midst
 * @throws ThinkError where there are no tokens
 */
export function encodeAttempt({ tokenizer, beginning = [], ends: [end] = [], context = Infinity, separator }: AttemptForm, prompt: string, text: string, whole: boolean): EncodedAttempt {
  const tokens = [...beginning, ...tokenizer.encode(prompt)];
  const ends: number[] = [];
  for (const piece of piecesOf(text, separator, whole)) {
    const first = tokens.length;
    tokens.push(...tokenizer.encode(piece));
    if (separator === undefined) ends.push(...tokens.slice(first).map((_, at) => first + at));
    else ends.push(tokens.length - 1);
  }
  if (tokens.length === 0) throw new ThinkError("An attempt and its prompt are both empty, so that there is nothing to judge.");
  if (whole) {
    if (end !== undefined && tokens.length < context) tokens.push(end);
    if (separator !== undefined) ends.pop();
    ends.push(tokens.length - 1);
  }
  const last = Math.min(tokens.length, context) - 1;
  return { tokens: Int32Array.from(tokens.slice(0, last + 1)), ends: ends.map((end) => Math.min(end, last)) };
}

/** The texts that begin an attempt and end where a step does, the whole last: one for each of its `ends`. */
export function prefixesOf({ tokenizer, separator }: Pick<AttemptForm, "tokenizer" | "separator">, text: string): string[] {
  if (separator !== undefined) {
    let written = "";
    return piecesOf(text, separator, true).map((piece) => (written += piece));
  }
  const tokens = tokenizer.encode(text);
  return [...Array.from(tokens, (_, at) => tokenizer.decode(tokens.subarray(0, at + 1))), text];
}

function piecesOf(text: string, separator: string | undefined, whole: boolean): string[] {
  if (separator === undefined) return [text];
  const steps = text.split(separator);
  const last = steps.pop() ?? "";
  const pieces = steps.map((step) => step + separator);
  return whole ? [...pieces, last] : pieces;
}
