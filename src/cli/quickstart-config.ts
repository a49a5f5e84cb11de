import { defineRun } from "../train/config/config.ts";

/** Chosen so that the whole quickstart takes about five minutes on two cores. */
const STEPS = 2400;

/**
 * Spelling to phonemes on the CMU Pronouncing Dictionary, the short way; `examples/pronounce.config.ts` is the long one.
 * 12,000 words are held out, as in the literature.
 */
export const quickstartConfig = defineRun({
  name: "quickstart",
  data: {
    kind: "dictionary",
    package: "cmu-pronouncing-dictionary",
    validation: { count: 1_000 },
    test: { count: 12_000 },
    maximumSourceLength: 40,
    maximumTargetLength: 40,
  },
  tokenizer: { source: { kind: "character" }, target: { kind: "symbol" } },
  model: { kind: "seq2seq-lstm", layers: 1, hidden: 256, embedding: 64, bidirectional: true, attention: "general" },
  training: {
    steps: STEPS,
    batch: { sentences: 128 },
    optimizer: { kind: "adam", learningRate: 2e-3 },
    schedule: { kind: "linear", warmup: 100 },
    clipNorm: 1,
    validateEvery: { steps: 800 },
    checkpointEvery: { steps: 800 },
    keepLast: 1,
  },
});
