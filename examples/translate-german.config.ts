import { defineRun } from "decade";
import french from "./translate-transformer.config.ts";

const multi30k = "../../shared/data/multi30k";

/** English to German image captions with the Transformer of translate-transformer.config.ts. */
export default defineRun({
  ...french,
  name: "translate-german",
  data: {
    kind: "parallel",
    source: `${multi30k}/train.en.gz`,
    target: `${multi30k}/train.de.gz`,
    validation: { source: `${multi30k}/val.en.gz`, target: `${multi30k}/val.de.gz` },
    test: { source: `${multi30k}/test_2016_flickr.en.gz`, target: `${multi30k}/test_2016_flickr.de.gz` },
  },
});
