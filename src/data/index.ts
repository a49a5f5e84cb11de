export { PairBatches, type PairBatchesOptions } from "./batches.ts";
export {
  collate,
  type CollateOptions,
  type Example,
  type IntegerArray,
  type PairBatch,
  type Special,
} from "./collate.ts";
export { CompletionBatches, type CompletionBatchesOptions } from "./completions/completion-batches.ts";
export { holdOut, readCompletions, type Completion, type CompletionFields, type CompletionSplit } from "./completions/completions.ts";
export { encodeCompletions, type EncodedCompletion } from "./completions/encode-completions.ts";
export { DataError } from "./data-error.ts";
export type { DocumentLimit } from "./documents/document-limit.ts";
export { readDocuments, type DocumentSource, type ReadOptions } from "./documents/document-source.ts";
export { findSources, type FindOptions } from "./documents/find-sources.ts";
export type { DocumentSeparator } from "./documents/text-documents.ts";
export { encodePairs, type EncodedPairs, type EncodeOptions } from "./encode.ts";
export { EvaluationBatches, type EvaluationOptions } from "./shards/evaluation-batches.ts";
export { PackedBatches, type MixturePart, type PackedBatchesOptions } from "./shards/packed-batches.ts";
export type { Shard, ShardIndex, Split as ShardSplit } from "./shards/shard-index.ts";
export type { ShardOptions } from "./shards/shard-plan.ts";
export type { PackedBatch, TextBatches } from "./shards/text-batch.ts";
export { tokensInMemory, TokenShards, type TokenSource } from "./shards/token-shards.ts";
export { writeShards, type ShardProgress, type WriteOptions } from "./shards/write-shards.ts";
export { LockError } from "./lock.ts";
export { readQuestions, type Question } from "./questions.ts";
export { hash32, permutation, uniform } from "./shuffle.ts";
export { readPairs, type Pair, type PairSource } from "./source.ts";
export { splitPairs, type Split, type SplitOptions } from "./split.ts";
export { readLines } from "./text-file.ts";
