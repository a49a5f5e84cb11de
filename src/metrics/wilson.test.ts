import { expect, test } from "vitest";
import { wilsonInterval } from "./wilson.ts";

// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611], [1, 29, 0.0061, 0.1718], [29, 29, 0.8830, 1],
])("%i of %i", (successes, trials, lower, upper) => {
  const interval = wilsonInterval(successes, trials);
  expect(interval.lower).toBeCloseTo(lower, 4);
  expect(interval.upper).toBeCloseTo(upper, 4);
});

test.each([7, 643, 7706])("begins at 0 where none of %i succeeds, and ends at 1 where all do", (trials) => {
  expect(wilsonInterval(0, trials).lower).toBe(0);
  expect(wilsonInterval(trials, trials).upper).toBe(1);
});

test("refuses counts that make no sense", () => {
  expect(() => wilsonInterval(0, 0)).toThrow(/0 successes in 0 trials/);
  expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
});
