import type { ModelConfig } from "../src/train/config.ts";
import { buildModel } from "../src/train/open-run.ts";
import { pairTask } from "../src/train/pair-task.ts";
import type { Product } from "./engine-matmul.ts";
import { evenPairs } from "./lstm-train.ts";
import { runPeer } from "./peer.ts";
import { crossEntropyProducts, linearProducts, measureStep } from "./training-step.ts";

export interface TransformerSize {
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly batch: number;
  /** Tokens of a source and of a target. */
  readonly time: number;
  readonly vocabulary: number;
}

/** A training step of the Transformer encoder-decoder with AdamW, and the same in PyTorch, as written and compiled. */
export async function transformerTrain(size: TransformerSize, threads?: number) {
  const model = buildModel(transformerConfig(size), size.vocabulary, size.vocabulary);
  const figures = await measureStep({
    task: pairTask(model, { labelSmoothing: 0 }), batch: evenPairs(size), products: productsOf(size),
    optimizer: { kind: "adamw", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 }, learningRate: 1e-3, clipNorm: 1,
  }, threads);
  const peerSize = { ...size, ...(threads !== undefined && { threads }) };
  return {
    ...figures, ...peerSize,
    peers: {
      ...await runPeer("transformer_train.py", peerSize),
      ...await runPeer("transformer_train.py", { ...peerSize, compiled: true }, "pytorchCompiled"),
    },
  };
}

function transformerConfig({ layers, dimension, heads }: TransformerSize): ModelConfig {
  return {
    kind: "seq2seq-transformer", layers, encoderLayers: layers, decoderLayers: layers, dimension, heads, feedForward: 4 * dimension,
    activation: "relu", normalization: "pre", positions: { kind: "sinusoidal" }, dropout: 0, tiedEmbeddings: "none", bias: true,
  };
}

/** The products of one step, in the shapes in which the engine gets them: those of attention for all heads together. */
function productsOf({ layers, dimension, heads, batch, time, vocabulary }: TransformerSize): Product[] {
  const all = batch * time;
  const size = dimension / heads;
  const attentions = { together: batch * heads, count: 3 * layers };
  return [
    ...linearProducts(all, dimension, dimension, 4 * attentions.count), // query, key, value, output
    ...linearProducts(all, dimension, 4 * dimension, 2 * layers),
    ...linearProducts(all, 4 * dimension, dimension, 2 * layers),
    { rows: time, inner: size, columns: time, transposed: true, ...attentions, count: 2 * attentions.count }, // scores, ∂ of the weights
    { rows: time, inner: time, columns: size, ...attentions, count: 4 * attentions.count }, // what is attended to, ∂ of queries, keys and values
    ...crossEntropyProducts(all, dimension, vocabulary),
  ];
}
