import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { hash32, permutation, uniform } from "./shuffle.ts";

describe("hash32", () => {
  // Known answers of MurmurHash3_x86_32: the bytes of each word, little-endian, with a seed.
  test("is MurmurHash3", () => {
    expect(hash32(0)).toBe(0);
    expect(hash32(1)).toBe(0x514e28b7);
    expect(hash32(0, 0)).toBe(0x2362f9de);
    expect(hash32(0, 0xffffffff)).toBe(0x76293b50);
    expect(hash32(0, 0x87654321)).toBe(0xf55b516b);
    expect(hash32(0x5082edee, 0x87654321)).toBe(0x2362f9de);
    expect(hash32(0, Buffer.from("test").readUInt32LE())).toBe(0xba6bd213);
    expect(hash32(0x9747b28c, Buffer.from("test").readUInt32LE())).toBe(0x704b81dc);
  });

  test("uses the whole of a large seed or counter", () => {
    expect(hash32(2 ** 40, 1)).not.toBe(hash32(0, 1));
    expect(hash32(1, 2 ** 40)).not.toBe(hash32(1, 0));
  });

  test("refuses a number it would have to round", () => {
    expect(() => hash32(0.5)).toThrow("A seed or counter of a hash is 0.5; give a whole number");
    expect(() => hash32(1, NaN)).toThrow(RangeError);
  });
});

test("uniform draws are spread evenly over [0, 1)", () => {
  const draws = 100_000;
  const counts = new Array<number>(20).fill(0);
  for (let i = 0; i < draws; i++) {
    const value = uniform(7, 3, i);
    const bin = Math.floor(value * counts.length);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const expected = draws / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 99.9th percentile of chi-square with 19 degrees of freedom.
  expect(chiSquare).toBeLessThan(43.82);
});

describe("permutation", () => {
  test.prop([fc.nat(300), fc.maxSafeInteger(), fc.nat(100)])("holds every number once", (n, seed, epoch) => {
    expect(Array.from(permutation(n, seed, epoch)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: n }, (_, i) => i),
    );
    expect(permutation(n, seed, epoch)).toEqual(permutation(n, seed, epoch));
  });

  test("gives each of the 24 orders of four things equally often", () => {
    const counts = new Map<string, number>();
    const draws = 24_000;
    for (let epoch = 0; epoch < draws; epoch++) {
      const order = permutation(4, 11, epoch).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99.9th percentile of chi-square with 23 degrees of freedom.
    expect(chiSquare).toBeLessThan(49.73);
  });
});
