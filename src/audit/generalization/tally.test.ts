import { fc, it } from "@fast-check/vitest";
import { expect } from "vitest";
import { wilsonInterval } from "../../metrics/wilson.ts";
import type { Distribution, Mark } from "./exam.ts";
import { tally } from "./tally.ts";

const mark = (distribution: Distribution, digits: number, correct: number, total: number, finer: readonly string[] = []): Mark => ({
  distribution, correct, total, group: { by: "digits", label: String(digits), order: digits },
  finer: finer.map((label) => ({ by: "carry", label, order: label.length })),
});

it.prop([fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.boolean(), fc.constantFrom("yes", "no")), { minLength: 1, maxLength: 40 })])(
  "counts every problem once on its side, in its group and at its finer distance", (drawn) => {
    const marks = drawn.map(([digits, right, carry]) => [mark(digits <= 3 ? "in" : "out", digits, Number(right), 1, [carry])]);
    const { inDistribution, outOfDistribution, groups } = tally(marks);
    expect((inDistribution?.total ?? 0) + (outOfDistribution?.total ?? 0)).toBe(drawn.length);
    expect(inDistribution?.correct ?? 0).toBe(drawn.filter(([digits, right]) => digits <= 3 && right).length);
    expect(groups.map(({ order }) => order)).toEqual([...new Set(drawn.map(([digits]) => digits))].sort((a, b) => a - b));
    for (const { order, total, correct, interval, finer } of groups) {
      expect(total).toBe(drawn.filter(([digits]) => digits === order).length);
      expect(interval).toEqual(wilsonInterval(correct, total));
      expect(finer.reduce((sum, each) => sum + each.total, 0)).toBe(total);
    }
  });

it("resamples problems, not the words in them", () => {
  // Words of one sentence are all found or all missed: the interval is that of 40 sentences, five times as wide a standard error as of 1,000 words.
  const marks = Array.from({ length: 40 }, (_, at) => [mark("in", 1, at % 2 === 0 ? 25 : 0, 25)]);
  const { inDistribution } = tally(marks);
  const half = ((inDistribution?.interval.upper ?? NaN) - (inDistribution?.interval.lower ?? NaN)) / 2;
  expect(half).toBeCloseTo(1.96 * Math.sqrt(0.25 / 40), 1);
});

it("has nothing of what was not asked", () => {
  expect(tally([[mark("in", 3, 1, 1)]]).outOfDistribution).toBeNull();
});
