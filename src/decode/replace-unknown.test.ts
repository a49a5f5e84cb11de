import { describe, expect, test } from "vitest";
import { replaceUnknown } from "./replace-unknown.ts";

const tokens = ["M.", "<unk>", "habite", "à", "<unk>"];
const sourceWords = ["Mr", "Tanaka", "lives", "in", "Osaka"];
const isUnknown = (place: number): boolean => tokens[place] === "<unk>";
// One column more than there are words: the end of the source, which draws most of the last row.
const alignment = [
  [1, 0, 0, 0, 0, 0], [0.2, 0.6, 0.2, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0.1, 0, 0, 0, 0.3, 0.6],
];

describe("unknown tokens", () => {
  test("become the source word they attended to most, never the end of the source", () => {
    expect(replaceUnknown(tokens, isUnknown, { alignment, sourceWords })).toEqual(["M.", "Tanaka", "habite", "à", "Osaka"]);
  });

  test("become the dictionary's word where it has one", () => {
    const dictionary = new Map([["Osaka", "Ōsaka"], ["lives", "vit"]]);
    expect(replaceUnknown(tokens, isUnknown, { alignment, sourceWords, dictionary })).toEqual(["M.", "Tanaka", "habite", "à", "Ōsaka"]);
  });

  test("without an alignment are an error", () => {
    expect(() => replaceUnknown(tokens, isUnknown, { alignment: [[1]], sourceWords })).toThrow("has rows for 1 tokens, but token 2");
  });
});
