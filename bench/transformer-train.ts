import type { ModelConfig } from "../src/train/config/config.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { pairTask } from "../src/train/pair-task.ts";
import { evenPairs } from "./lstm-train.ts";
import { measureBesidePyTorch } from "./training-step.ts";

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
  return measureBesidePyTorch("transformer_train.py", { task: pairTask(model, { labelSmoothing: 0 }), batch: evenPairs(size) }, size, threads);
}

function transformerConfig({ layers, dimension, heads }: TransformerSize): ModelConfig {
  return {
    kind: "seq2seq-transformer", layers, encoderLayers: layers, decoderLayers: layers, dimension, heads, feedForward: 4 * dimension,
    activation: "relu", normalization: "pre", positions: { kind: "sinusoidal" }, dropout: 0, tiedEmbeddings: "none", bias: true,
  };
}
