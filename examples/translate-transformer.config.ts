import { defineRun } from "decade";
import translate from "./translate.config.ts";

/**
 * English to French image captions with a small Transformer (Multi30k is small: Wu et al. 2021, arXiv 2105.14462, section
 * 3, found this size best). Afterwards: `decade average RUN --last 5`, and evaluate with `--checkpoint average-5`.
 */
export default defineRun({
  ...translate,
  name: "translate-transformer",
  tokenizer: { kind: "bpe", vocabulary: 6_000, lowercase: true },
  model: {
    kind: "seq2seq-transformer",
    layers: 4,
    dimension: 128,
    heads: 4,
    feedForward: 256,
    dropout: 0.3,
    tiedEmbeddings: "all",
  },
  training: {
    epochs: 30,
    batch: { sentences: 128 },
    optimizer: { kind: "adam", learningRate: 5e-3, beta2: 0.98 },
    schedule: { kind: "inverse-sqrt", warmup: 2_000 },
    labelSmoothing: 0.1,
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 10,
    logEvery: 100,
  },
});
