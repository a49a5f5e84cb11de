import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { joinWords, JOINER, splitIntoWords } from "./split-words.ts";

const CASED = { lowercase: false };

describe("splitting into words", () => {
  test.each([
    ["L'homme dort.", "L'￭ homme dort ￭."],
    ["A man's T-shirt (red) costs 3.50!", "A man ￭'s T-shirt (￭ red ￭) costs 3.50 ￭!"],
    ['He says "Hello", twice.', 'He says "￭ Hello ￭" ￭, twice ￭.'],
    ["Elle n'est pas d'ici", "Elle n'￭ est pas d'￭ ici"],
    ["我爱北京。", "我 ￭爱 ￭北 ￭京 ￭。"],
    ["  two\tspaces  ", "two spaces"],
    ["", ""],
    ["   ", ""],
  ])("%j", (text, expected) => {
    expect(splitIntoWords(text, CASED).join(" ")).toBe(expected);
  });

  test("lower-cases where asked, and makes one form of accents", () => {
    expect(splitIntoWords("E\u0301TE\u0301", { lowercase: true })).toEqual(["été"]);
  });

  property.prop([fc.string({ unit: "grapheme", maxLength: 40 })])("any text comes together again, spaces aside", (text) => {
    const expected = text.normalize("NFC").replaceAll(JOINER, "■").trim().split(/\s+/u).join(" ");
    expect(joinWords(splitIntoWords(text, CASED))).toBe(expected);
  });

  const character = fc.constantFrom(..."aé'’\"«».,;-()!3 我ส".split(""));
  property.prop([fc.array(character, { maxLength: 30 }).map((all) => all.join(""))])("so does text full of punctuation", (text) => {
    expect(joinWords(splitIntoWords(text, CASED))).toBe(text.trim().split(/\s+/u).join(" "));
  });

  property.prop([fc.string({ unit: "grapheme", maxLength: 40 })])("words hold no space and no bar that a table would stumble over", (text) => {
    for (const word of splitIntoWords(text, CASED)) {
      expect(word).not.toMatch(/\s/u);
      expect(word).not.toContain("||");
      expect(word.length).toBeGreaterThan(0);
    }
  });
});
