import { defineRun } from "decade";

const multi30k = "../../shared/data/multi30k";

/** English to French image captions (Multi30k): a bidirectional LSTM with attention over byte pairs. */
export default defineRun({
  name: "translate",
  data: {
    kind: "parallel",
    source: `${multi30k}/train.en.gz`,
    target: `${multi30k}/train.fr.gz`,
    validation: { source: `${multi30k}/val.en.gz`, target: `${multi30k}/val.fr.gz` },
    test: { source: `${multi30k}/test_2016_flickr.en.gz`, target: `${multi30k}/test_2016_flickr.fr.gz` },
  },
  tokenizer: { kind: "bpe", vocabulary: 3_000, lowercase: true },
  model: {
    kind: "seq2seq-lstm",
    layers: 1,
    hidden: 384,
    embedding: 256,
    bidirectional: true,
    attention: "general",
    dropout: 0.3,
  },
  training: {
    epochs: 12,
    batch: { sentences: 64 },
    optimizer: { kind: "adam", learningRate: 1.5e-3 },
    schedule: { kind: "linear", warmup: 400 },
    labelSmoothing: 0.1,
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 5,
    logEvery: 100,
  },
});
