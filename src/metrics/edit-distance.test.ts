import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { editDistance } from "./edit-distance.ts";

/** The textbook recurrence (Wagner and Fischer 1974). */
function byTable(left: readonly number[], right: readonly number[]): number {
  let above = right.map((_, column) => column + 1);
  left.forEach((token, row) => {
    let diagonal = row;
    let before = row + 1;
    above = above.map((up, column) => {
      const here = Math.min(up + 1, before + 1, diagonal + (token === right[column] ? 0 : 1));
      diagonal = up;
      before = here;
      return here;
    });
  });
  return above.at(-1) ?? left.length;
}

const tokens = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 80 });

property.prop([tokens, tokens])("equals the textbook recurrence", (left, right) => {
  expect(editDistance(left, right)).toBe(byTable(left, right));
});

property.prop([tokens, tokens, tokens])("is a metric", (a, b, c) => {
  expect(editDistance(a, a)).toBe(0);
  expect(editDistance(a, b)).toBe(editDistance(b, a));
  expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
  if (editDistance(a, b) === 0) expect(a).toEqual(b);
});

property.prop([tokens, tokens])("doesn't depend on how tokens are stored", (left, right) => {
  const expected = editDistance(left, right);
  expect(editDistance(Int32Array.from(left), Uint8Array.from(right))).toBe(expected);
  expect(
    editDistance(
      left.map((token) => `token ${token}`),
      right.map((token) => `token ${token}`),
    ),
  ).toBe(expected);
});

test("a string's tokens are its characters, surrogate pairs included", () => {
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("a🎵b", "ab")).toBe(1);
  expect(editDistance("", "")).toBe(0);
});

test("too many different tokens are refused", () => {
  expect(() =>
    editDistance(
      Array.from({ length: 65_537 }, (_, index) => index),
      [],
    ),
  ).toThrow("65537 different tokens");
});
