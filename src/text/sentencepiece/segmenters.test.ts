import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BytePairSegmenter } from "./byte-pair-segmenter.ts";
import type { Piece } from "./model-proto.ts";
import { UnigramSegmenter } from "./unigram-segmenter.ts";

const LETTERS = ["a", "b", "c", "▁", "é", "🐕"];
const word = (length: number) => fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: length }).map((letters) => letters.join(""));
const texts = fc.array(fc.constantFrom(...LETTERS, "x", "日"), { maxLength: 9 }).map((letters) => letters.join(""));
/** Pieces with scores that float32 adds without rounding. */
const vocabularies = fc.uniqueArray(word(4), { minLength: 1, maxLength: 14 }).chain((words) => (
  fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: words.length, maxLength: words.length })
    .map((scores): Piece[] => words.map((text, at) => ({ text, score: -(scores[at] ?? 0) / 4, type: "normal" })))));

/** All ways to cut a text. */
function cuts(text: string): string[][] {
  const letters = [...text];
  if (letters.length === 0) return [[]];
  return letters.flatMap((_, at) => cuts(letters.slice(at + 1).join("")).map((rest) => [letters.slice(0, at + 1).join(""), ...rest]));
}

/** Neighbouring parts that are no pieces, as one. */
function fused(parts: readonly string[], known: ReadonlySet<string>): string[] {
  return parts.reduce<string[]>((all, part, at) => {
    const before = parts[at - 1];
    if (before !== undefined && !known.has(before) && !known.has(part)) return [...all.slice(0, -1), `${all.at(-1)}${part}`];
    return [...all, part];
  }, []);
}

describe("unigram", () => {
  test.prop([vocabularies, texts])("finds the likeliest of all ways to cut a text", (pieces, text) => {
    const scores = new Map(pieces.map((piece) => [piece.text, piece.score]));
    const unknown = Math.min(...scores.values()) - 10;
    const score = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + (scores.get(part) ?? ([...part].length === 1 ? unknown : -Infinity)), 0);
    const best = Math.max(...cuts(text).map(score));
    const found = new UnigramSegmenter(pieces).segment(text);
    expect(found.join("")).toBe(text);
    // Runs of unknown characters are one part; each of their characters costs as much as alone.
    const total = found.reduce((sum, part) => sum + (scores.get(part) ?? [...part].reduce((cost, letter) => cost + (scores.get(letter) ?? unknown), 0)), 0);
    expect(total).toBe(best);
    expect(fused(found, new Set(scores.keys()))).toEqual(found);
  });

  test("prefers pieces that users defined", () => {
    const pieces: Piece[] = [{ text: "ab", score: -1, type: "normal" }, { text: "a", score: -2, type: "normal" }, { text: "b", score: -2, type: "normal" }];
    expect(new UnigramSegmenter(pieces).segment("abc")).toEqual(["ab", "c"]);
    expect(new UnigramSegmenter([...pieces, { text: "bc", score: 0, type: "user-defined" }]).segment("abc")).toEqual(["a", "bc"]);
    expect(new UnigramSegmenter([{ text: "<s>", score: 0, type: "control" }]).segment("<s>")).toEqual(["<s>"]);
  });
});

describe("byte pairs", () => {
  test.prop([vocabularies, texts])("are joined best first, and of equals the first", (pieces, text) => {
    const scores = new Map(pieces.map((piece) => [piece.text, piece.score]));
    const symbols = [...text];
    for (;;) {
      const unions = symbols.slice(1).map((right, at) => scores.get(`${symbols[at]}${right}`) ?? -Infinity);
      const best = Math.max(-Infinity, ...unions);
      if (best === -Infinity) break;
      const at = unions.indexOf(best);
      symbols.splice(at, 2, `${symbols[at]}${symbols[at + 1]}`);
    }
    expect(new BytePairSegmenter(pieces).segment(text)).toEqual(fused(symbols, new Set(scores.keys())));
  });

  test("leave pieces that users defined as they are", () => {
    const pieces: Piece[] = [{ text: "ab", score: -1, type: "normal" }, { text: "a", score: -2, type: "normal" }, { text: "b[B", score: -3, type: "normal" }];
    expect(new BytePairSegmenter([...pieces, { text: "[B]", score: 0, type: "user-defined" }]).segment("ab[B]ab")).toEqual(["ab", "[B]", "ab"]);
  });
});
