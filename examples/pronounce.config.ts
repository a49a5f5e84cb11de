import { defineRun } from "decade";

/**
 * Spelling to phonemes on the CMU Pronouncing Dictionary, the long way: a bidirectional LSTM with attention.
 * 12,000 words are held out, as in the literature; stress is left out.
 */
export default defineRun({
  name: "pronounce",
  data: {
    kind: "dictionary",
    package: "cmu-pronouncing-dictionary",
    validation: { count: 2_000 },
    test: { count: 12_000 },
    maximumSourceLength: 40,
    maximumTargetLength: 40,
  },
  tokenizer: { source: { kind: "character" }, target: { kind: "symbol" } },
  model: {
    kind: "seq2seq-lstm",
    encoderLayers: 3,
    decoderLayers: 1,
    hidden: 512,
    embedding: 128,
    bidirectional: true,
    attention: "general",
    dropout: 0.3,
  },
  training: {
    epochs: 17,
    batch: { sentences: 128 },
    optimizer: { kind: "adam", learningRate: 1.5e-3 },
    schedule: { kind: "linear", warmup: 500 },
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 5,
    logEvery: 100,
  },
});
