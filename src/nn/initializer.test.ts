import { describe, expect, test } from "vitest";
import { constantInitializer, glorotInitializer, hashName, normalInitializer, uniformInitializer, zeroInitializer, type Initializer } from "./initializer.ts";
import { Parameter } from "./module.ts";

const COUNT = 40_000;

function values(initializer: Initializer, shape: readonly number[] = [200, 200], name = "weight", seed = 1): Float32Array {
  const parameter = new Parameter(shape, initializer);
  parameter.attach(name);
  parameter.seed(seed);
  return parameter.initialize();
}

function moment(numbers: Float32Array, power: number): number {
  return numbers.reduce((sum, value) => sum + value ** power, 0) / numbers.length;
}

/** The mean of independent draws lies within four of its deviations. */
function expectMoments(numbers: Float32Array, variance: number, kurtosis: number): void {
  const count = numbers.length;
  expect(Math.abs(moment(numbers, 1))).toBeLessThan(4 * Math.sqrt(variance / count));
  expect(Math.abs(moment(numbers, 2) - variance)).toBeLessThan(4 * variance * Math.sqrt((kurtosis - 1) / count));
}

test("uniform: within its range, mean 0, variance range² / 3", () => {
  const numbers = values(uniformInitializer(0.08));
  expect(numbers.every((value) => Math.abs(value) <= Math.fround(0.08))).toBe(true);
  expect(Math.max(...numbers)).toBeGreaterThan(0.0799);
  expect(Math.min(...numbers)).toBeLessThan(-0.0799);
  expectMoments(numbers, 0.08 ** 2 / 3, 9 / 5);
});

test("Glorot: variance 2 / (fan in + fan out), a gate of an LSTM at a time", () => {
  expectMoments(values(glorotInitializer(), [100, 400]), 2 / 500, 9 / 5);
  expectMoments(values(glorotInitializer(4), [100, 400]), 2 / 200, 9 / 5);
});

test("normal: variance, tails, and independence of neighbours", () => {
  const numbers = values(normalInitializer(0.5));
  expect(numbers.every(Number.isFinite)).toBe(true);
  expectMoments(numbers, 0.25, 3);
  const beyondTwo = numbers.filter((value) => Math.abs(value) > 1).length / COUNT; // P(|z| > 2) = 0.0455
  expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(4 * Math.sqrt((0.0455 * 0.9545) / COUNT));
  const covariance = numbers.slice(1).reduce((sum, value, at) => sum + value * (numbers[at] ?? 0), 0) / COUNT;
  expect(Math.abs(covariance)).toBeLessThan((4 * 0.25) / Math.sqrt(COUNT));
});

test("constants", () => {
  expect([...zeroInitializer([2, 2], () => 0.3)]).toEqual([0, 0, 0, 0]);
  expect([...constantInitializer(0.5)([3], () => 0.3)]).toEqual([0.5, 0.5, 0.5]);
});

describe("a parameter's first values", () => {
  const uniform = uniformInitializer(1);
  test("are the same for the same seed and name", () => {
    expect(values(uniform, [50], "encoder.0.weight", 3)).toEqual(values(uniform, [50], "encoder.0.weight", 3));
  });

  test.each([["another name", "encoder.1.weight", 3], ["another seed", "encoder.0.weight", 4]])("are unrelated for %s", (_what, name, seed) => {
    const [one, other] = [values(uniform, [COUNT], "encoder.0.weight", 3), values(uniform, [COUNT], name, seed)];
    const correlation = one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0) / (COUNT / 3);
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(COUNT));
  });

  test("do not depend on how many numbers are drawn", () => {
    expect(values(uniform, [100]).slice(0, 10)).toEqual(values(uniform, [10]));
  });
});

test("names hash apart, also where one is an anagram of the other", () => {
  const names = ["", "a", "aa", "ab", "ba", "encoder.0.weight", "encoder.1.weight", "decoder.0.weight"];
  expect(new Set(names.map(hashName)).size).toBe(names.length);
});
