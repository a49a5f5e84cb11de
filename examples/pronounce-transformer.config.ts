import { defineRun } from "decade";
import pronounce from "./pronounce.config.ts";

/** Spelling to phonemes with a Transformer; data as for the LSTM of pronounce.config.ts. */
export default defineRun({
  ...pronounce,
  name: "pronounce-transformer",
  model: {
    kind: "seq2seq-transformer",
    layers: 4,
    dimension: 128,
    heads: 4,
    feedForward: 512,
    positions: { kind: "rotary" },
    dropout: 0.1,
  },
  training: {
    epochs: 20,
    batch: { sentences: 128 },
    optimizer: { kind: "adam", learningRate: 2e-3, beta2: 0.98 },
    schedule: { kind: "linear", warmup: 1_000 },
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 5,
    logEvery: 100,
  },
});
