import { describe, expect, test } from "vitest";
import { statisticsFromRows } from "./sentence-statistics.ts";
import { approximateRandomization, pairedBootstrap } from "./significance.ts";

const mean = ([sum = 0, count = 0]: Float64Array) => sum / count;
const system = (values: readonly number[]) => statisticsFromRows(values.map((value) => [value, 1]));

const first = [9, 7, 8, 4, 6, 9, 5, 8, 7, 3];
const second = [7, 6, 8, 5, 4, 7, 5, 7, 3, 4];

/** The exact two-sided p-value: every way to exchange the sentences of two systems. */
function exactPValue(left: readonly number[], right: readonly number[]): number {
  const gaps = left.map((value, index) => value - (right[index] ?? 0));
  const observed = Math.abs(gaps.reduce((sum, gap) => sum + gap, 0));
  const ways = 2 ** gaps.length;
  let atLeast = 0;
  for (let way = 0; way < ways; way++) {
    const total = gaps.reduce((sum, gap, bit) => sum + ((way >> bit) & 1 ? -gap : gap), 0);
    if (Math.abs(total) >= observed) atLeast += 1;
  }
  return atLeast / ways;
}

describe("approximate randomisation", () => {
  test("approaches the exact p-value of all exchanges", () => {
    const exact = exactPValue(first, second);
    const { pValue, difference } = approximateRandomization(system(first), system(second), mean, { trials: 20_000 });
    expect(difference).toBeCloseTo(1, 12);
    const error = Math.sqrt((exact * (1 - exact)) / 20_000);
    expect(Math.abs(pValue - exact)).toBeLessThan(4 * error + 1 / 20_000);
  });

  test("a system doesn't differ from itself", () => {
    expect(approximateRandomization(system(first), system(first), mean, { trials: 100 }).pValue).toBe(1);
  });

  test("the order of systems doesn't matter", () => {
    const there = approximateRandomization(system(first), system(second), mean, { trials: 500 });
    const back = approximateRandomization(system(second), system(first), mean, { trials: 500 });
    expect(back.pValue).toBe(there.pValue);
    expect(back.difference).toBe(-there.difference);
  });

  test("a score that is not a number shows nothing, and is refused", () => {
    expect(() => approximateRandomization(system([NaN, 1]), system([1, 2]), mean)).toThrow("The systems score NaN and 1.5");
    expect(() => pairedBootstrap(system([1, 2]), system([NaN, 1]), mean)).toThrow("The systems score 1.5 and NaN");
  });

  test("exchanges differ between more than 32 sentences", () => {
    const long = Array.from({ length: 100 }, (_, index) => index % 10);
    const { pValue } = approximateRandomization(system(long), system(long.map((value) => value - 1)), mean, {
      trials: 999,
    });
    expect(pValue).toBe(0.001);
  });
});

describe("paired bootstrap", () => {
  test("shares and interval follow the normal law of the mean difference", () => {
    // Differences of mean 0.5 and deviation 5 over 100 sentences: the second is ahead with probability near 0.159.
    const left = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 5.5 : -4.5));
    const outcome = pairedBootstrap(system(left), system(left.map(() => 0)), mean, { resamples: 4000 });
    expect(outcome.difference).toBeCloseTo(0.5, 12);
    expect(outcome.firstHigher).toBeGreaterThan(0.79);
    expect(outcome.firstHigher).toBeLessThan(0.89);
    expect(outcome.pValue).toBeCloseTo(1 - outcome.firstHigher, 2);
    expect(Math.abs(outcome.lower - (0.5 - 0.98))).toBeLessThan(0.12);
    expect(Math.abs(outcome.upper - (0.5 + 0.98))).toBeLessThan(0.12);
  });

  test("a system that is better on every sentence wins every resample", () => {
    const outcome = pairedBootstrap(system(first), system(first.map((value) => value - 1)), mean, { resamples: 999 });
    expect(outcome).toMatchObject({ firstHigher: 1, secondHigher: 0, pValue: 0.001 });
  });

  test("a system doesn't differ from itself", () => {
    const outcome = pairedBootstrap(system(first), system(first), mean, { resamples: 100 });
    expect(outcome).toMatchObject({ difference: 0, pValue: 1, firstHigher: 0, secondHigher: 0, lower: 0, upper: 0 });
  });

  test("test sets that differ are refused", () => {
    expect(() => pairedBootstrap(system(first), system([1]), mean)).toThrow("[10, 2] and the second [1, 2]");
  });
});
