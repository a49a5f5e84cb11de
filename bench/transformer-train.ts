import type { ModelConfig } from "../src/train/config.ts";
import { buildModel } from "../src/train/open-run.ts";
import { pairTask } from "../src/train/pair-task.ts";
import { evenPairs } from "./lstm-train.ts";
import { runPeer } from "./peer.ts";
import { measureStep } from "./training-step.ts";

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
    task: pairTask(model, { labelSmoothing: 0 }), batch: evenPairs(size),
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
