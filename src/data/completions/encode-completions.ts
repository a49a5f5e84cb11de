import type { Tokenizer } from "../../text/index.ts";
import type { Completion } from "./completions.ts";

/** An example as a model learns it. */
export interface EncodedCompletion {
  /** Prompt, or an end token where it is empty, completion, and an end token: as a generator would read and write them. */
  readonly tokens: Int32Array;
  /** Place of the first token that is judged, which is how many the prompt has; at least 1. */
  readonly from: number;
  /** UTF-8 bytes of the completion. */
  readonly bytes: number;
}

/**
 * Prompts and completions are cut apart from each other, for a generator has cut the prompt before it draws the first token of
 * a completion.
 */
export function encodeCompletions(tokenizer: Tokenizer, examples: readonly Completion[]): EncodedCompletion[] {
  const { endId } = tokenizer;
  return examples.map(({ prompt, completion }) => {
    const [written, after] = [tokenizer.encode(prompt), tokenizer.encode(completion)];
    const from = Math.max(1, written.length);
    const tokens = new Int32Array(from + after.length + 1).fill(endId);
    tokens.set(written);
    tokens.set(after, from);
    return { tokens, from, bytes: Buffer.byteLength(completion) };
  });
}

/** Places that an example takes in a row: its last token is only a target. */
export function placesOf({ tokens }: EncodedCompletion): number {
  return tokens.length - 1;
}
