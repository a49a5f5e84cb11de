import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { sobolPoints } from "./low-discrepancy.ts";

it("begins as the sequence does in print", () => {
  expect(sobolPoints(8)).toEqual([[0, 0], [0.5, 0.5], [0.25, 0.75], [0.75, 0.25], [0.125, 0.625], [0.625, 0.125], [0.375, 0.375], [0.875, 0.875]]);
});

test.prop([fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 10 })], { numRuns: 60 })(
  "any 2^m points after a multiple of 2^m have one in each dyadic rectangle of area 2^-m", (m, block, split) => {
    const size = 2 ** m;
    const across = Math.min(split, m);
    const boxes = sobolPoints((block + 1) * size).slice(block * size)
      .map(([x, y]) => Math.floor(x * 2 ** across) * 2 ** (m - across) + Math.floor(y * 2 ** (m - across)));
    expect(boxes.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, at) => at));
  },
);

test.prop([fc.integer({ min: 0, max: 4095 })], { numRuns: 60 })("the second coordinate multiplies the index's bits by Pascal's triangle mod 2", (index) => {
  const odd = (n: number, k: number): boolean => (n & k) === k; // whether n over k is odd (Lucas 1878)
  const bits = Array.from({ length: 12 }, (_, bit) => (index >> bit) & 1);
  const value = bits.reduce((sum, _, row) => {
    const digit = bits.reduce((parity, bit, column) => parity ^ (bit & Number(column >= row && odd(column, row))), 0);
    return sum + digit * 2 ** -(row + 1);
  }, 0);
  expect(sobolPoints(index + 1)[index]?.[1]).toBe(value);
});
