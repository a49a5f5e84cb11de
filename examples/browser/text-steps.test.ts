import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { AppliedTokenizer } from "../../src/text/applied-tokenizer.ts";
import { parseTokenizerFile } from "../../src/text/tokenizer-file.ts";
import { Tokenizer } from "../../src/text/tokenizer.ts";
import { textSteps } from "./text-steps.ts";

const TEXTS = [
  "A man is sleeping on a bench.", "Don't you? I'll go 12 times…", "naïve café ñ 日本 👍🏽", "", " ", "  two  blanks ", "line\nline\n\n\t tab",
  "</s> <unk> <|endoftext|> <s>x", "e\u0301x ﬁ", "ЖЖ zzz", "I've she'd 'tis ''", "a\u00a0b",
];

const gpt2 = fileURLToPath(new URL("../../../shared/data/gpt2-tokenizer", import.meta.url));
const llama = fileURLToPath(new URL("../../src/exchange/fixtures/tiny-llama", import.meta.url));

const TOKENIZERS = {
  "words": () => Tokenizer.train({ kind: "word", lowercase: true, minimumCount: 1 }, TEXTS),
  "characters": () => Tokenizer.train({ kind: "character", lowercase: false }, TEXTS),
  "byte pairs": () => Tokenizer.train({ kind: "bpe", lowercase: false, vocabulary: 290 }, TEXTS),
  "Llama's form": () => Tokenizer.load(llama),
  ...(existsSync(gpt2) && { "GPT-2": () => Tokenizer.load(gpt2) }),
};

describe.each(Object.entries(TOKENIZERS))("a tokenizer of %s in a browser", (_name, make) => {
  test("gives the ids that it gives in Node, and the text of any beginning of them", async () => {
    const expected = await make();
    const json = expected.toJson();
    const tokenizer = new AppliedTokenizer(parseTokenizerFile(json), textSteps(json));
    expect(tokenizer.size).toBe(expected.size);
    for (const text of TEXTS) {
      const ids = tokenizer.encode(text);
      expect(ids).toEqual(expected.encode(text));
      for (let end = 0; end <= ids.length; end++) expect(tokenizer.decode(ids.subarray(0, end))).toBe(expected.decode(ids.subarray(0, end)));
    }
  });
});
