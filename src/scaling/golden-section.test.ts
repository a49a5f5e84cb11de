import { expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { lowestBetween } from "./golden-section.ts";

it.prop([fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: 0.1, max: 4, noNaN: true })])(
  "a lone valley is found wherever it lies, also where it is a kink", (place, power) => {
    expect(Math.abs(lowestBetween((x) => Math.abs(x - place) ** power, -60, 70) - place)).toBeLessThan(1e-6);
  });

it("a function that only falls or only rises is lowest at an end", () => {
  expect(lowestBetween((x) => -x, 0, 1)).toBeCloseTo(1, 12);
  expect(lowestBetween((x) => x, 0, 1)).toBeCloseTo(0, 12);
});
