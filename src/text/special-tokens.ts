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

/** What other vocabularies end a text with (GPT-2 and its kin; Llama 3). */
export const END_OF_TEXT = ["<|endoftext|>", "<|end_of_text|>"] as const;

/** Ids of the tokens that stand for no text. */
export interface SpecialIds {
  readonly pad: number;
  readonly unknown: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The special tokens of a vocabulary: those above, wherever they stand (Llama has no `<pad>`), or one token that ends
 * texts; what is missing, the end takes the part of. `undefined` where nothing ends a text.
 */
export function specialIdsOf(ids: ReadonlyMap<string, number>, given: Partial<SpecialIds> = {}): SpecialIds | undefined {
  const [pad, unknown, start, ownEnd] = SPECIAL_TOKENS.map((token) => ids.get(token));
  const end = given.end ?? ownEnd ?? END_OF_TEXT.map((token) => ids.get(token)).find((id) => id !== undefined);
  if (end === undefined) return undefined;
  return {
    pad: given.pad ?? pad ?? end, unknown: given.unknown ?? unknown ?? end, start: given.start ?? start ?? end, end,
  };
}
