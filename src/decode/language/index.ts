export { ConstraintError } from "./constraint/constraint-error.ts";
export { TextConstraint } from "./constraint/text-constraint.ts";
export { jsonSchema } from "./constraint/json-schema.ts";
export { regularExpression } from "./constraint/regular-expression.ts";
export type {
  EndReason, GeneratedText, PromptReading, TextEvent, TextGenerationOptions, TokenLikelihood, WrittenToken,
} from "./generation-options.ts";
export { Generator, type GeneratorOptions, type TextFrame, type TextModel } from "./generator.ts";
export { LanguageDecoder } from "./language-decoder.ts";
export { TextMemory } from "./text-memory.ts";
export type { TokenChoice } from "./token-choice.ts";
export type { Distribution as NextTokens, LikeliestTokens, NewTokens, RememberedPrefixes, TokenMemory, TokenScorer } from "./token-scorer.ts";
export type { TextVocabulary } from "./vocabulary.ts";
