import { Tokenizer } from "@huggingface/tokenizers";
import type { TextSteps } from "../../src/text/applied-tokenizer.ts";

/** The steps around the model of a tokenizer.json, without Node: by Hugging Face's tokenizers in JavaScript. */
export function textSteps(json: string): TextSteps {
  const file: object = JSON.parse(json) as object;
  // Decade applies the model itself, so none is built here; nor is text to be cut at special tokens.
  const { normalizer, pre_tokenizer: preTokenizer, decoder } = new Tokenizer({ ...file, model: { type: "BPE", vocab: {}, merges: [] }, added_tokens: [] }, {});
  return {
    pieces: (text) => {
      if (text === "") return [];
      const normalized = normalizer === null ? text : normalizer.normalize(text);
      return preTokenizer === null ? [normalized] : preTokenizer.pre_tokenize(normalized);
    },
    join: (tokens) => (decoder === null ? tokens.join(" ") : decoder.decode(tokens)),
  };
}
