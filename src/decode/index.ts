export { beamSearch, type BeamSearchOptions } from "./beam-search.ts";
export {
  SequenceDecoder, type AskedTokens, type BestTokens, type Distribution, type Likelihoods, type StepInput,
} from "./decoder.ts";
export type { EnsembleMember } from "./ensemble.ts";
export type { GenerationOptions, Hypothesis, MaximumLength } from "./generation.ts";
export { replaceUnknown, type UnknownReplacement } from "./replace-unknown.ts";
export {
  formatNBest, NBestError, parseNBest, rescore,
  type NBestEntry, type NBestFormat, type RescoredEntry, type RescoreWeights,
} from "./rescore.ts";
export { sample, type SamplingOptions } from "./sampling.ts";
export { scoreBatch, type PairScore, type ScoredBatch } from "./score.ts";
export type { DecoderState } from "./step-state.ts";
export * from "./language/index.ts";
