export { PairBatches, type PairBatchesOptions } from "./batches.ts";
export {
  collate,
  type CollateOptions,
  type Example,
  type IntegerArray,
  type PairBatch,
  type Special,
} from "./collate.ts";
export { DataError } from "./data-error.ts";
export { encodePairs, type EncodedPairs, type EncodeOptions } from "./encode.ts";
export { hash32, permutation, uniform } from "./shuffle.ts";
export { readPairs, type Pair, type PairSource } from "./source.ts";
export { splitPairs, type Split, type SplitOptions } from "./split.ts";
export { readLines } from "./text-file.ts";
