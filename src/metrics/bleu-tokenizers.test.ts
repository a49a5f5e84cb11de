import { expect, test } from "vitest";
import { bleuTokenizers, tokenizeForBleu } from "./bleu-tokenizers.ts";
import { sacrebleu } from "./fixtures/sacrebleu.ts";

test.each(bleuTokenizers)("%s gives sacreBLEU's tokens", (tokenizer) => {
  const cases = sacrebleu.tokens.filter((line) => line.tokenizer === tokenizer);
  expect(cases.length).toBeGreaterThan(30);
  for (const { text, tokens } of cases) expect(tokenizeForBleu(text, tokenizer)).toEqual(tokens);
});
