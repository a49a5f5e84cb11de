import { Gpt, type GptOptions } from "../src/models/gpt.ts";
import { textTask } from "../src/train/text-task.ts";
import { measureBesidePyTorch, tokenIds } from "./training-step.ts";

export interface GptTrainSize {
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly context: number;
  readonly batch: number;
  readonly vocabulary: number;
}

/** A training step of a GPT with AdamW, and the same in PyTorch, as written and compiled. */
export async function gptTrain(size: GptTrainSize, threads?: number) {
  const { batch, context, vocabulary } = size;
  const task = textTask(new Gpt(gptOptions(size)), {
    labelSmoothing: 0, zLoss: 0, window: context, carriedRows: undefined, separateDocuments: false,
  });
  const tokens = batch * context;
  return measureBesidePyTorch("gpt_train.py", {
    task,
    batch: {
      feeds: {
        tokens: tokenIds(batch, context, vocabulary, 7919), targets: tokenIds(batch, context, vocabulary, 104_729),
        judged: { data: new Int32Array(tokens).fill(1), shape: [batch, context] },
      },
      tokens, targetTokens: tokens, sequences: batch,
    },
  }, size, threads);
}

export function gptOptions({ layers, dimension, heads, context, vocabulary }: Omit<GptTrainSize, "batch">): GptOptions {
  return {
    layers, dimension, heads, context, vocabulary, keyValueHeads: heads, feedForward: 4 * dimension, activation: "gelu-tanh",
    normalization: "layer", epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: true,
  };
}
