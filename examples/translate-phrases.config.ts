import { definePhraseBased } from "decade";

const multi30k = "../../shared/data/multi30k";

/** English to French image captions (Multi30k) as it was done before networks: phrases, n-grams and a stack decoder. */
export default definePhraseBased({
  name: "translate-phrases",
  data: {
    kind: "parallel",
    source: `${multi30k}/train.en.gz`,
    target: `${multi30k}/train.fr.gz`,
    validation: { source: `${multi30k}/val.en.gz`, target: `${multi30k}/val.fr.gz` },
    test: { source: `${multi30k}/test_2016_flickr.en.gz`, target: `${multi30k}/test_2016_flickr.fr.gz` },
  },
  tokenizer: { lowercase: true },
  model: { kind: "phrase-based" },
});
