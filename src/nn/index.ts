export { logSoftmax, softmax } from "./activation.ts";
export { Attention, type AttentionKind, type AttentionMemory } from "./attention.ts";
export { Dropout } from "./dropout.ts";
export { Embedding } from "./embedding.ts";
export {
  constantInitializer, glorotInitializer, normalInitializer, uniformInitializer, zeroInitializer, type Initializer,
} from "./initializer.ts";
export { Linear } from "./linear.ts";
export { crossEntropy, linearCrossEntropy, type LinearCrossEntropy, type LinearCrossEntropyOptions } from "./loss.ts";
export { BidirectionalLstm, Lstm, type LstmOptions, type LstmState } from "./lstm.ts";
export { Module, Parameter } from "./module.ts";
