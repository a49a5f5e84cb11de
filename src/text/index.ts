export { normalizeText, type NormalizationForm } from "./normalize.ts";
export { SPECIAL_TOKENS, type SpecialIds } from "./special-tokens.ts";
export { TokenizerError } from "./tokenizer-error.ts";
export type { TokenizerSpec } from "./tokenizer-spec.ts";
export { SentencePieceTokenizer, type SentencePieceContents } from "./sentencepiece/sentencepiece-tokenizer.ts";
export { Tokenizer } from "./tokenizer.ts";
export { VocabularyTokenizer } from "./vocabulary-tokenizer.ts";
