import { defineSweep } from "decade";

/**
 * What depth buys at equal parameters: LSTM encoder-decoders of 1 to 10 layers on the CMU Pronouncing Dictionary, as wide as
 * makes them all equally large. No attention, as in 2014; residual connections, without which ten layers hardly train.
 */
export default defineSweep({
  name: "lstm-depth",
  base: {
    data: {
      kind: "dictionary", package: "cmu-pronouncing-dictionary", validation: { count: 2_000 }, test: { count: 12_000 },
      maximumSourceLength: 40, maximumTargetLength: 40,
    },
    tokenizer: { source: { kind: "character" }, target: { kind: "symbol" } },
    model: { kind: "seq2seq-lstm", embedding: 64, reverseSource: true, residual: true },
    training: {
      batch: { sentences: 64 },
      optimizer: { kind: "adam", learningRate: 2e-3 },
      schedule: { kind: "linear" },
      clipNorm: 1,
      validateEvery: { epochs: 1 },
      checkpointEvery: { steps: 500 },
      keepLast: 1,
    },
  },
  design: { kind: "grid", parameters: [1e6], layers: [1, 2, 4, 6, 10], tokens: [4e6] },
  shape: { multiple: 4 },
  warmup: 0.05,
});
