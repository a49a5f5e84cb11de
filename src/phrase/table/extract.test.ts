import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { AlignmentLinks } from "../alignment/symmetrise.ts";
import { corpusOf } from "../fixtures/corpora.ts";
import { buildPhraseTable } from "./build-table.ts";
import { extractPhrases, type PhraseSpan } from "./extract.ts";
import { formatPhraseTable, parsePhraseTable } from "./phrase-table-file.ts";

function linksOf(sourceLength: number, targetLength: number, pairs: readonly (readonly [number, number])[]): AlignmentLinks {
  const links = new AlignmentLinks(sourceLength, targetLength);
  for (const [source, target] of pairs) links.add(source, target);
  return links;
}

const alignments = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([sources, targets]) => fc
  .array(fc.tuple(fc.integer({ min: 0, max: sources - 1 }), fc.integer({ min: 0, max: targets - 1 })), { maxLength: 8 })
  .map((pairs) => linksOf(sources, targets, pairs)));

/** All consistent pairs of spans by trying every one (Koehn 2010, definition 5.2). */
function bruteForce(links: AlignmentLinks, maximumLength: number): Set<string> {
  const spans = (length: number): [number, number][] => [...Array(length).keys()].flatMap((from) => (
    [...Array(Math.min(maximumLength, length - from)).keys()].map((size): [number, number] => [from, from + size + 1])));
  const inside = (at: number, [from, to]: [number, number]): boolean => at >= from && at < to;
  const found = new Set<string>();
  for (const source of spans(links.sourceLength)) {
    for (const target of spans(links.targetLength)) {
      const consistent = [...links].every(([i, j]) => inside(i, source) === inside(j, target));
      if (consistent && [...links].some(([i]) => inside(i, source))) found.add([...source, ...target].join(" "));
    }
  }
  return found;
}

const keyOf = ({ sourceFrom, sourceTo, targetFrom, targetTo }: PhraseSpan): string => [sourceFrom, sourceTo, targetFrom, targetTo].join(" ");

describe("phrase extraction", () => {
  property.prop([alignments, fc.integer({ min: 1, max: 6 })], { numRuns: 300 })("finds what trying every pair of spans finds, each once", (links, maximumLength) => {
    const found = [...extractPhrases(links, maximumLength)].map(keyOf);
    expect(new Set(found)).toEqual(bruteForce(links, maximumLength));
    expect(new Set(found).size).toBe(found.length);
  });
});

describe("phrase tables", () => {
  // "das Haus ist" | "the house is", word by word, twice; "das Haus" | "that house" once.
  const corpus = corpusOf("das Haus ist | the house is", "das Haus ist | the house is", "das Haus | that house");
  const diagonal = corpus.source.map(({ length }) => linksOf(length, length, [...Array(length).keys()].map((at) => [at, at] as const)));
  const table = buildPhraseTable(corpus, diagonal, 7);
  const pairs = new Map([...table].map((pair) => [`${pair.source.join(" ")} | ${pair.target.join(" ")}`, pair]));

  test("hold relative frequencies and lexical weights", () => {
    // φ(s|t), lex(s|t), φ(t|s), lex(t|s), by hand
    const expected = [
      ["das | the", [1, 1, 2 / 3, 2 / 3]],
      ["das | that", [1, 1, 1 / 3, 1 / 3]],
      ["das Haus | the house", [1, 1, 2 / 3, 2 / 3]],
      ["Haus ist | house is", [1, 1, 1, 1]],
    ] as const;
    for (const [key, scores] of expected) pairs.get(key)?.scores.forEach((score, at) => expect(score, key).toBeCloseTo(scores[at] ?? NaN, 6));
    expect(pairs.size).toBe(8);
    expect(pairs.get("das Haus ist | the house is")?.count).toBe(2);
  });

  test("hold orientations that sum to 1 to either side", () => {
    for (const { orientations } of pairs.values()) {
      expect(orientations.slice(0, 3).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 6);
      expect(orientations.slice(3).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 6);
    }
  });

  test("come back from their file, and damage is told with its line", () => {
    const lines = [...formatPhraseTable(table)];
    expect([...formatPhraseTable(parsePhraseTable(lines, "table"))]).toEqual(lines);
    expect(() => parsePhraseTable([...lines.slice(0, 2), "das ||| the ||| 0.5 ||| ||| 1"], "table")).toThrow(/table, line 3: "das \|\|\| the \|\|\| 0.5 .*was found; expected/);
    expect(() => parsePhraseTable([], "table")).toThrow(/table has no phrase pair/);
  });
});
