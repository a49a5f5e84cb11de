import { fc, it } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { WordScanner, type Boundary } from "./word-scanner.ts";

/** Documents as lists of hashes, each as one number. */
function scanned(chunks: readonly Uint8Array[], boundary: Boundary): string[][] {
  const documents: string[][] = [];
  let words: string[] = [];
  const scanner = new WordScanner({
    word: (high, low) => void words.push(`${high},${low}`),
    end: () => {
      documents.push(words);
      words = [];
    },
  }, boundary);
  for (const chunk of chunks) scanner.scan(chunk);
  scanner.finish();
  return documents;
}

/** The rule as it is written, on strings. */
function cleaned(text: string): string[] {
  const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
  return text.normalize("NFC").split(/\s+/u).flatMap((part) => {
    const words: string[] = [];
    let isOpen = false;
    for (const character of part.replace(/[^\p{L}\p{M}\p{N}]/gu, "")) {
      const isMark = /\p{M}/u.test(character);
      const alone = unspaced.test(character) && !isMark;
      const isFirst = words.length === 0;
      if (!isFirst && (isMark || (isOpen && !alone))) words.push(`${words.pop()}${character.toLowerCase()}`);
      else words.push(character.toLowerCase());
      if (!isMark || isFirst) isOpen = !alone;
    }
    return words;
  });
}

/** Lists are the same lists in other names where equal things are equal and different ones different. */
function renamed(lists: readonly (readonly string[])[]): number[][] {
  const names = new Map<string, number>();
  return lists.map((list) => list.map((word) => {
    if (!names.has(word)) names.set(word, names.size);
    return names.get(word) ?? -1;
  }));
}

const texts = fc.array(fc.constantFrom(..."abAB1,.-' \t\u00a0éÉßñ中国語ひカสวัดี\u0301\u3000—😀ж"), { maxLength: 60 }).map((parts) => parts.join(""));

describe("WordScanner", () => {
  it.prop([fc.array(texts, { maxLength: 8 })])("finds the words that the rule on strings finds, line by line", (lines) => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    expect(renamed(scanned([bytes], "line"))).toEqual(renamed(lines.map(cleaned)));
  });

  it.prop([texts, fc.nat()])("does not depend on where the text is cut between characters", (text, seed) => {
    const characters = Array.from(text);
    const cut = characters.length === 0 ? 0 : seed % characters.length;
    const halves = [characters.slice(0, cut), characters.slice(cut)].map((half) => Buffer.from(half.join("")));
    expect(scanned(halves, "none")).toEqual(scanned([Buffer.from(text)], "none"));
  });

  test.each([
    ["line", "a b\n\nc\n", [2, 0, 1]],
    ["line", "a b\nc", [2, 1]],
    ["paragraph", "a b\nc\n\n \nd\n\n", [3, 1]],
    ["none", "a b\n\nc\n", [3]],
    ["none", "\n \n", []],
  ] as const)("by %s, %j are documents of these lengths", (boundary, text, lengths) => {
    expect(scanned([Buffer.from(text)], boundary).map(({ length }) => length)).toEqual(lengths);
  });

  test("writes words alike that differ in case, punctuation and composition only", () => {
    const [first, second] = scanned([Buffer.from("Don’t CAFÉ re-do ---\ndont cafe\u0301 redo\n")], "line");
    expect(first).toEqual(second);
    expect(first).toHaveLength(3);
  });

  it.prop([fc.array(fc.oneof(fc.integer({ min: 0xac00, max: 0xd7a3 }).map((code) => String.fromCodePoint(code)), fc.constantFrom(" ", "a", "é", "ậ", "."))).map((parts) => parts.join(""))])(
    "writes Korean alike in syllables and in their parts", (text) => {
      expect(scanned([Buffer.from(text.normalize("NFD"))], "none")).toEqual(scanned([Buffer.from(text)], "none"));
    });
});
