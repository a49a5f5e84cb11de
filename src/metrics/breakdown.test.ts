import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { renderSvg } from "../plot/index.ts";
import { bleu } from "./bleu.ts";
import { lengthFigure, wordRankFigure } from "./breakdown-figures.ts";
import { bleuByLength, bleuByWordRank, frequencyRanks, scoreByBucket } from "./breakdown.ts";
import { statisticsFromRows } from "./sentence-statistics.ts";

const testSet = {
  sources: ["un", "un deux", "un deux trois", "un deux trois quatre", "un deux trois quatre cinq"],
  hypotheses: ["one a b c", "one two a b c", "one two three x", "one two three four y", "one two three four five"],
  references: ["one a b c", "one two a b d", "one two three y", "one two three four x", "one two three four five"],
};

const sum = ([total = 0]: Float64Array) => total;
const rows = (numbers: readonly number[]) => statisticsFromRows(numbers.map((number) => [number]));
const numbers = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 });

describe("buckets", () => {
  property.prop([numbers, fc.integer({ min: 1, max: 12 })])("take every sentence once, in order", (values, buckets) => {
    const found = scoreByBucket(rows(values), sum, values, { buckets });
    expect(found.reduce((count, bucket) => count + bucket.sentences, 0)).toBe(values.length);
    expect(found.reduce((total, bucket) => total + bucket.score, 0)).toBe(values.reduce((a, b) => a + b, 0));
    found.slice(1).forEach((bucket, index) => {
      expect(bucket.lowest).toBeGreaterThan(found[index]?.highest ?? Infinity);
    });
  });

  property.prop([fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 10 })])(
    "are equally full where no numbers are equal",
    (buckets, each) => {
      const values = Array.from({ length: buckets * each }, (_, index) => (index * 7919) % 10_007);
      const found = scoreByBucket(rows(values), sum, values, { buckets });
      expect(found.map((bucket) => bucket.sentences)).toEqual(Array.from({ length: buckets }, () => each));
    },
  );

  test("follow given bounds, without empty ones", () => {
    const values = [1, 5, 6, 40];
    const found = scoreByBucket(rows(values), sum, values, { buckets: [5, 10, 20] });
    expect(found).toEqual([
      { lowest: 1, highest: 5, mean: 3, sentences: 2, score: 6 },
      { lowest: 6, highest: 6, mean: 6, sentences: 1, score: 6 },
      { lowest: 40, highest: 40, mean: 40, sentences: 1, score: 40 },
    ]);
  });

  test("that are ill-formed are refused", () => {
    expect(() => scoreByBucket(rows([1]), sum, [1], { buckets: [5, 5] })).toThrow("5, 5");
    expect(() => scoreByBucket(rows([1]), sum, [1], { buckets: 0 })).toThrow("number of buckets is 0");
    expect(() => scoreByBucket(rows([1]), sum, [1, 2])).toThrow("2 numbers for 1 sentences");
    expect(() => scoreByBucket(rows([1]), sum, [NaN])).toThrow("sentence 0 is NaN");
  });
});

describe("BLEU", () => {
  test("by length is the BLEU of each bucket's own sentences", () => {
    const [short, long, ...rest] = bleuByLength(testSet, { buckets: [2] });
    expect(rest).toEqual([]);
    expect(short).toMatchObject({ lowest: 1, highest: 2, sentences: 2 });
    expect(long).toMatchObject({ lowest: 3, highest: 5, mean: 4, sentences: 3 });
    expect(short?.score).toBe(bleu(testSet.hypotheses.slice(0, 2), testSet.references.slice(0, 2)).score);
    expect(long?.score).toBe(bleu(testSet.hypotheses.slice(2), testSet.references.slice(2)).score);
  });

  test("by word rank takes the mean rank, with unknown words last", () => {
    const ranks = frequencyRanks([
      ["un", "deux", "un"],
      ["trois", "un", "deux"],
    ]);
    expect([...ranks]).toEqual([
      ["un", 1],
      ["deux", 2],
      ["trois", 3],
    ]);
    const found = bleuByWordRank(testSet, ranks, { buckets: 5 });
    expect(found.map((bucket) => bucket.mean)).toEqual([1, 1.5, 2, 2.5, 2.8]);
  });

  test("has intervals where asked for", () => {
    for (const { score, lower, upper } of bleuByLength(testSet, { buckets: 2, interval: { resamples: 50 } })) {
      expect(lower).toBeLessThanOrEqual(score);
      expect(upper).toBeGreaterThanOrEqual(score);
    }
  });

  test("figures name the systems and the axes", async () => {
    const buckets = bleuByLength(testSet, { buckets: 2, interval: { resamples: 50 } });
    const systems = [
      { name: "deep LSTM", buckets },
      { name: "baseline", buckets },
    ];
    const length = await renderSvg(lengthFigure(systems));
    for (const text of ["deep LSTM", "baseline", "BLEU", "source length (words)"]) expect(length).toContain(text);
    expect(await renderSvg(wordRankFigure(systems))).toContain("mean word frequency rank");
  });

  test("sources that don't fit the hypotheses are refused", () => {
    expect(() => bleuByLength({ ...testSet, sources: ["a"] })).toThrow("1 sources but 5 hypotheses");
  });
});
