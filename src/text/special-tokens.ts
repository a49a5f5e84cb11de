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
