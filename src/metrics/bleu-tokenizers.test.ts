import { expect, test } from "vitest";
import { bleuTokenizers, tokenizeForBleu } from "./bleu-tokenizers.ts";
import { sacrebleu } from "./fixtures/sacrebleu.ts";
import { trimEnd } from "./unicode-text.ts";

test.each(bleuTokenizers)("%s gives sacreBLEU's tokens", (tokenizer) => {
  const cases = sacrebleu.tokens.filter((line) => line.tokenizer === tokenizer);
  expect(cases.length).toBeGreaterThan(30);
  for (const { text, tokens } of cases) expect(tokenizeForBleu(text, tokenizer)).toEqual(tokens);
});

test("white space at the end is dropped, and a long run of it within the text takes no longer than other text", () => {
  expect(trimEnd(" a b \u3000\x1c\n")).toBe(" a b");
  expect(trimEnd(" \t ")).toBe("");
  const long = `a${" ".repeat(200_000)}b`;
  const before = process.cpuUsage();
  expect(trimEnd(`${long} `)).toBe(long);
  expect(process.cpuUsage(before).user).toBeLessThan(1e6); // microseconds; from each blank anew it was half a minute
});
