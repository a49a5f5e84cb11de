import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { DataError } from "./data-error.ts";
import { splitPairs } from "./split.ts";

const pairsOf = (n: number): { source: string; target: string }[] =>
  Array.from({ length: n }, (_, i) => ({ source: `word ${i}`, target: `${i}` }));

const somePairs = fc.array(fc.record({ source: fc.string({ maxLength: 2 }), target: fc.string({ maxLength: 3 }) }));

describe("splitPairs", () => {
  test.prop([somePairs, fc.nat(5), fc.nat(5), fc.maxSafeInteger()])(
    "keeps all pairs of a source on one side, and takes the number of sources asked for",
    (pairs, validation, test, seed) => {
      const distinct = new Set(pairs.map(({ source }) => source)).size;
      fc.pre(validation + test < distinct);
      const split = splitPairs(pairs, { validation, test, seed });
      const sides = [split.train, split.validation, split.test];
      expect(sides.flat().length).toBe(pairs.length);
      const [trainSources, validationSources, testSources] = sides.map(
        (side) => new Set(side.map((pair) => pair.source)),
      );
      expect(validationSources?.size).toBe(validation);
      expect(testSources?.size).toBe(test);
      expect((trainSources?.size ?? 0) + validation + test).toBe(distinct);
    },
  );

  test.prop([somePairs, fc.maxSafeInteger()])("does not depend on the order of the pairs", (pairs, seed) => {
    fc.pre(new Set(pairs.map(({ source }) => source)).size > 2);
    const options = { validation: 1, test: 1, seed };
    const forwards = new Set(splitPairs(pairs, options).test.map(({ source }) => source));
    const backwards = new Set(splitPairs([...pairs].reverse(), options).test.map(({ source }) => source));
    expect(backwards).toEqual(forwards);
  });

  test("takes about the fraction asked for, and keeps sources in place when others are added", () => {
    const options = { validation: 0.1, test: 0.2, seed: 5 };
    const few = splitPairs(pairsOf(10_000), options);
    // Binomial standard deviations are 30 and 40.
    expect(Math.abs(few.validation.length - 1000)).toBeLessThan(120);
    expect(Math.abs(few.test.length - 2000)).toBeLessThan(160);
    const many = splitPairs(pairsOf(20_000), options);
    expect(many.test.slice(0, few.test.length)).toEqual(few.test);
  });

  test("depends on the seed", () => {
    const at = (seed: number): unknown => splitPairs(pairsOf(100), { validation: 0, test: 10, seed }).test;
    expect(at(1)).not.toEqual(at(2));
  });

  test("refuses shares that make no sense or leave nothing", () => {
    expect(() => splitPairs(pairsOf(9), { validation: 1.5, test: 0, seed: 0 })).toThrow(/validation share .* is 1.5/);
    expect(() => splitPairs(pairsOf(9), { validation: 0, test: -1, seed: 0 })).toThrow(/test share .* is -1/);
    expect(() => splitPairs(pairsOf(9), { validation: 0, test: NaN, seed: 0 })).toThrow(DataError);
    expect(() => splitPairs(pairsOf(9), { validation: 5, test: 4, seed: 0 })).toThrow("there are 9 distinct sources");
  });
});
