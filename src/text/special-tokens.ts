/** The tokens every vocabulary begins with: a token's id is its place in this list. */
export const SPECIAL_TOKENS = ["<pad>", "<unk>", "<s>", "</s>"] as const;

/** Fills the places after the end of a short sequence. */
export const PAD_ID = 0;
/** Stands for what the vocabulary does not hold. */
export const UNKNOWN_ID = 1;
/** What a decoder reads before it has written anything. */
export const START_ID = 2;
/** What a decoder writes when it has finished. */
export const END_ID = 3;

/** What other vocabularies end a text with, where they have no other special tokens (GPT-2 and its kin; Llama 3). */
export const END_OF_TEXT = ["<|endoftext|>", "<|end_of_text|>"] as const;

/** Ids of the tokens that stand for no text. */
export interface SpecialIds {
  readonly pad: number;
  readonly unknown: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The special tokens of a vocabulary: the four above as ids 0 to 3, or one token that ends texts and takes all four
 * parts. `undefined` where it has neither.
 */
export function specialIdsOf(ids: ReadonlyMap<string, number>): SpecialIds | undefined {
  if (SPECIAL_TOKENS.every((token, id) => ids.get(token) === id)) {
    return { pad: PAD_ID, unknown: UNKNOWN_ID, start: START_ID, end: END_ID };
  }
  const end = END_OF_TEXT.map((token) => ids.get(token)).find((id) => id !== undefined);
  return end === undefined ? undefined : { pad: end, unknown: end, start: end, end };
}
