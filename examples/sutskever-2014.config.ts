import { defineRun } from "decade";

/**
 * The model and training of Sutskever, Vinyals and Le 2014, "Sequence to Sequence Learning with Neural Networks"
 * (arXiv 1409.3215), section 3, choice by choice: 384,000,000 parameters, 64,000,000 of them recurrent.
 *
 * The data is the reader's to supply, in a folder `wmt14` beside this file: tokenised text, one sentence a line. The
 * paper's is the selected 12M sentences of WMT'14 English to French.
 */
export default defineRun({
  name: "sutskever-2014",
  data: {
    kind: "parallel",
    source: "wmt14/train.en",
    target: "wmt14/train.fr",
    validation: { source: "wmt14/newstest2013.en", target: "wmt14/newstest2013.fr" },
    test: { source: "wmt14/newstest2014.en", target: "wmt14/newstest2014.fr" },
  },
  tokenizer: {
    source: { kind: "word", maximumVocabulary: 160_000 },
    target: { kind: "word", maximumVocabulary: 80_000 },
  },
  model: {
    kind: "seq2seq-lstm",
    layers: 4,
    hidden: 1000,
    embedding: 1000,
    reverseSource: true,
    bias: false,
    initialization: { kind: "uniform", range: 0.08 },
  },
  training: {
    epochs: 7.5,
    batch: { sentences: 128 },
    optimizer: { kind: "sgd", learningRate: 0.7 },
    schedule: { kind: "halving", after: 5, every: 0.5 },
    normalize: "sentences",
    clipNorm: 5,
    validateEvery: { epochs: 0.5 },
    checkpointEvery: { epochs: 0.1 },
  },
});
