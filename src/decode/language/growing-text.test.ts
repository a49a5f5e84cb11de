import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Tokenizer } from "../../text/tokenizer.ts";
import { GrowingText } from "./growing-text.ts";

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 270, lowercase: false }, ["the cat ate the hat", "that thé că 猫 😀"]);
});

describe("text that grows by tokens", () => {
  test("adds up to the text of all tokens, in whole characters", () => {
    const texts = fc.string({ unit: fc.constantFrom("t", "h", " ", "é", "猫", "😀", "ß", "e"), maxLength: 20 });
    fc.assert(fc.property(texts, texts, (before, text) => {
      const [prompt, tokens] = [tokenizer.encode(before), tokenizer.encode(text)];
      const growing = new GrowingText(tokenizer, prompt);
      const pieces = [...Array.from(tokens, (token) => growing.push(token)), growing.finish()];
      const whole = tokenizer.decode([...prompt, ...tokens]);
      expect(tokenizer.decode(prompt) + pieces.join("")).toBe(whole);
      for (const piece of pieces) expect(/[\uD800-\uDFFF\uFFFD]/u.test(piece)).toBe(false);
    }));
  });

  test("gives bytes that never become a character as U+FFFD at last", () => {
    const [first = 0] = tokenizer.encode("猫").filter((token) => tokenizer.decode([token]).includes("\uFFFD"));
    const growing = new GrowingText(tokenizer, tokenizer.encode("a"));
    expect(growing.push(first)).toBe("");
    expect(growing.finish()).toBe("\uFFFD");
  });
});
