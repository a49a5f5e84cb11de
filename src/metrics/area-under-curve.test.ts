import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { areaUnderCurve } from "./area-under-curve.ts";

const scores = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(-Infinity, Infinity)), { minLength: 1, maxLength: 12 });

property.prop([scores, scores])("is the share of pairs in which the positive one is larger, ties halved", (positive, negative) => {
  const wins = positive.flatMap((one) => negative.map((other): number => (one > other ? 1 : one === other ? 0.5 : 0)));
  expect(areaUnderCurve(positive, negative)).toBeCloseTo(wins.reduce((sum, win) => sum + win, 0) / wins.length, 12);
});

test("scores that are not numbers are refused", () => {
  expect(() => areaUnderCurve([1, NaN], [0])).toThrow("Of 3 scores 1 are NaN");
});
