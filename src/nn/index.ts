export { gelu, geluTanh, logSoftmax, silu, softmax } from "./activation.ts";
export { Attention, type AttentionKind, type AttentionMemory } from "./attention.ts";
export { attention, type AttentionLoop, type AttentionOptions } from "./attention-product.ts";
export { cachedAttention, type AttentionCache, type CachedAttention } from "./cached-attention.ts";
export { checkpoint } from "./checkpoint.ts";
export { Dropout, type DropoutDraw } from "./dropout.ts";
export { Embedding } from "./embedding.ts";
export { FeedForward, type FeedForwardActivation, type FeedForwardOptions } from "./feed-forward.ts";
export {
  constantInitializer, glorotInitializer, normalInitializer, uniformInitializer, zeroInitializer, type Initializer,
} from "./initializer.ts";
export { Linear } from "./linear.ts";
export { crossEntropy, linearCrossEntropy, type LinearCrossEntropy, type LinearCrossEntropyOptions } from "./loss.ts";
export { BidirectionalLstm, Lstm, type LstmOptions, type LstmState } from "./lstm.ts";
export { Module, Parameter } from "./module.ts";
export { MultiHeadAttention, type AttendOptions, type KeysAndValues, type MultiHeadAttentionOptions } from "./multi-head-attention.ts";
export { LayerNorm, RmsNorm } from "./norm.ts";
export { rotate, sinusoidalPositions } from "./positions.ts";
