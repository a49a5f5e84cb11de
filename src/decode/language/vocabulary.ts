/** Text to token ids and back, as `Tokenizer` does it. */
export interface TextVocabulary {
  /** Ids run from 0 to `size - 1`. */
  readonly size: number;
  encode(text: string): Int32Array;
  /** The text of token ids; bytes that are not UTF-8 together become U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  /** A token as the vocabulary spells it. */
  token(id: number): string;
}
