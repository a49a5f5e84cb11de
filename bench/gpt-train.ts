import { Gpt, type GptOptions } from "../src/models/gpt.ts";
import { textTask } from "../src/train/text-task.ts";
import type { Product } from "./engine-matmul.ts";
import { runPeer } from "./peer.ts";
import { crossEntropyProducts, linearProducts, measureStep, tokenIds } from "./training-step.ts";

export interface GptTrainSize {
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly context: number;
  readonly batch: number;
  readonly vocabulary: number;
}

/** Queries that attention takes together at a context of 256; they look at no later key. */
const QUERY_BLOCK = 64;

/** A training step of a GPT with AdamW, and the same in PyTorch, as written and compiled. */
export async function gptTrain(size: GptTrainSize, threads?: number) {
  const { batch, context, vocabulary } = size;
  const task = textTask(new Gpt(gptOptions(size)), {
    labelSmoothing: 0, zLoss: 0, window: context, carriedRows: undefined, separateDocuments: false,
  });
  const tokens = batch * context;
  const figures = await measureStep({
    task, products: productsOf(size),
    batch: {
      feeds: {
        tokens: tokenIds(batch, context, vocabulary, 7919), targets: tokenIds(batch, context, vocabulary, 104_729),
        lengths: { data: new Int32Array(batch).fill(context), shape: [batch] },
      },
      tokens, targetTokens: tokens, sequences: batch,
    },
    optimizer: { kind: "adamw", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 }, learningRate: 1e-3, clipNorm: 1,
  }, threads);
  const peerSize = { ...size, ...(threads !== undefined && { threads }) };
  return {
    ...figures, ...peerSize,
    peers: {
      ...await runPeer("gpt_train.py", peerSize),
      ...await runPeer("gpt_train.py", { ...peerSize, compiled: true }, "pytorchCompiled"),
    },
  };
}

export function gptOptions({ layers, dimension, heads, context, vocabulary }: Omit<GptTrainSize, "batch">): GptOptions {
  return {
    layers, dimension, heads, context, vocabulary, keyValueHeads: heads, feedForward: 4 * dimension, activation: "gelu-tanh",
    normalization: "layer", epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: true,
  };
}

/**
 * The products of one step, in the shapes in which the engine gets them. Attention goes sentence by sentence in blocks of
 * queries, and its scores are computed once more for the backward pass: twice the arithmetic of a hundredth of the step.
 */
function productsOf({ layers, dimension, heads, context, batch, vocabulary }: GptTrainSize): Product[] {
  const all = batch * context;
  const size = dimension / heads;
  const blocks = Array.from({ length: Math.ceil(context / QUERY_BLOCK) }, (_, block) => {
    const keys = Math.min(context, (block + 1) * QUERY_BLOCK);
    const queries = keys - block * QUERY_BLOCK;
    const each = { together: heads, count: layers * batch };
    return [
      { rows: queries, inner: size, columns: keys, transposed: true, ...each, count: 3 * each.count }, // scores, again, ∂ of the weights
      { rows: queries, inner: keys, columns: size, ...each, count: 2 * each.count }, // what is attended to, ∂ of the queries
      { rows: keys, inner: queries, columns: size, ...each, count: 2 * each.count }, // ∂ of keys and values
    ];
  });
  return [
    ...linearProducts(all, dimension, dimension, 4 * layers), // query, key, value, output
    ...linearProducts(all, dimension, 4 * dimension, layers),
    ...linearProducts(all, 4 * dimension, dimension, layers),
    ...blocks.flat(),
    ...crossEntropyProducts(all, dimension, vocabulary),
  ];
}
