import { defineRun } from "decade";

/**
 * English to French on 167,130 short sentence pairs of Tatoeba. The pairs come zipped; unpack them first, from the
 * repository's root:
 *
 *     mkdir -p runs/data && unzip -p ../shared/data/tatoeba-en-fr/fra-eng.2019-04.zip fra-eng/fra.txt > runs/data/fra.tsv
 *
 * All translations of an English sentence fall into the same split.
 */
export default defineRun({
  name: "tatoeba",
  data: {
    kind: "tsv",
    file: "../runs/data/fra.tsv",
    validation: { count: 2_000 },
    test: { count: 2_000 },
    maximumSourceLength: 60,
    maximumTargetLength: 60,
  },
  tokenizer: { kind: "bpe", vocabulary: 8_000 },
  model: {
    kind: "seq2seq-lstm",
    layers: 1,
    hidden: 512,
    embedding: 256,
    bidirectional: true,
    attention: "general",
    dropout: 0.2,
  },
  training: {
    epochs: 5,
    batch: { sentences: 128 },
    optimizer: { kind: "adam", learningRate: 1.5e-3 },
    schedule: { kind: "linear", warmup: 400 },
    labelSmoothing: 0.1,
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 5,
    logEvery: 100,
  },
});
