import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { bleuFromTotals, bleuStatistics } from "./bleu.ts";
import { confidenceInterval } from "./bootstrap.ts";
import { corpus } from "./fixtures/sacrebleu.ts";
import { statisticsFromRows } from "./sentence-statistics.ts";

const mean = ([sum = 0, count = 0]: Float64Array) => sum / count;
const sample = (values: readonly number[]) => statisticsFromRows(values.map((value) => [value, 1]));

test("the interval of a mean is the normal one for a large sample", () => {
  const values = Array.from({ length: 400 }, (_, index) => Math.sin(index * 12.9898) * 10);
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
  const standardError = Math.sqrt(variance / values.length);
  const interval = confidenceInterval(sample(values), mean, { resamples: 4000 });
  expect(interval.score).toBeCloseTo(average, 12);
  expect(interval.standardError / standardError).toBeGreaterThan(0.95);
  expect(interval.standardError / standardError).toBeLessThan(1.05);
  expect(Math.abs(interval.lower - (average - 1.96 * standardError))).toBeLessThan(0.12 * standardError);
  expect(Math.abs(interval.upper - (average + 1.96 * standardError))).toBeLessThan(0.12 * standardError);
});

const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 20 });

property.prop([values, fc.nat()])("the interval of a mean holds the mean", (numbers, seed) => {
  const { score, lower, upper } = confidenceInterval(sample(numbers), mean, { resamples: 200, seed });
  expect(lower).toBeLessThanOrEqual(score + 1e-9);
  expect(upper).toBeGreaterThanOrEqual(score - 1e-9);
});

property.prop([values, fc.nat()])("the same seed gives the same interval, another a different one", (numbers, seed) => {
  const run = (from: number) => confidenceInterval(sample(numbers), mean, { resamples: 50, seed: from });
  expect(run(seed)).toEqual(run(seed));
  if (new Set(numbers).size > 10) expect(run(seed)).not.toEqual(run(seed + 1));
});

property.prop([values])("a higher confidence widens the interval", (numbers) => {
  const at = (confidence: number) => confidenceInterval(sample(numbers), mean, { resamples: 100, confidence });
  expect(at(0.99).lower).toBeLessThanOrEqual(at(0.8).lower);
  expect(at(0.99).upper).toBeGreaterThanOrEqual(at(0.8).upper);
});

test("BLEU's interval holds BLEU", () => {
  const { hypotheses, references } = corpus("english");
  const { score, lower, upper } = confidenceInterval(
    bleuStatistics(hypotheses, references),
    (totals) => bleuFromTotals(totals).score,
  );
  expect(lower).toBeLessThan(score);
  expect(upper).toBeGreaterThan(score);
});

test("options out of range are refused", () => {
  expect(() => confidenceInterval(sample([1]), mean, { resamples: 1 })).toThrow("number of resamples is 1");
  expect(() => confidenceInterval(sample([1]), mean, { confidence: 95 })).toThrow("confidence is 95");
  expect(() => confidenceInterval(sample([1]), mean, { seed: 0.5 })).toThrow("seed is 0.5");
});

test("a metric that is not a number is refused", () => {
  expect(() => confidenceInterval(sample([1]), () => NaN)).toThrow("resample 0 is not a number");
});
