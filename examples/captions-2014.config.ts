import { defineRun } from "decade";

const multi30k = "../../shared/data/multi30k";

/**
 * The model of Sutskever, Vinyals and Le 2014 in small, on image captions (Multi30k, English to French): no attention,
 * everything about the source in the encoder's last state, source read backwards. What reading it backwards is worth:
 *
 *     decade train examples/captions-2014.config.ts
 *     decade train examples/captions-2014.config.ts --set model.reverseSource=false --name captions-2014-forward
 */
export default defineRun({
  name: "captions-2014",
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
    layers: 2,
    hidden: 256,
    embedding: 128,
    reverseSource: true,
    dropout: 0.2, // the paper has none, and four hundred times the sentences
  },
  training: {
    epochs: 6,
    batch: { sentences: 64 },
    optimizer: { kind: "adam", learningRate: 2e-3 },
    schedule: { kind: "linear", warmup: 200 },
    labelSmoothing: 0.1,
    clipNorm: 1,
    validateEvery: { epochs: 1 },
    keepLast: 5,
    logEvery: 100,
  },
});
