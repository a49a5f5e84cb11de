/** What kind of tokenizer to train. */
export type TokenizerSpec =
  /**
   * Whole words between white space. Words seen fewer than `minimumCount` times, and the rarest beyond
   * `maximumVocabulary` (which counts everything, the four special tokens included), become `<unk>`.
   */
  | { kind: "word"; lowercase: boolean; minimumCount: number; maximumVocabulary?: number | undefined }
  /** Single Unicode code points, white space included. */
  | { kind: "character"; lowercase: boolean }
  /** Symbols between white space, case kept and none left out: phonemes, actions. */
  | { kind: "symbol" }
  /**
   * Byte-pair encoding over bytes (Sennrich et al. 2016; bytes as in GPT-2), so that nothing is unknown. `vocabulary`
   * counts everything: 4 special tokens, 256 bytes and the learned merges.
   */
  | { kind: "bpe"; vocabulary: number; lowercase: boolean };
