import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { chinchilla } from "../laws/chinchilla.ts";
import { powerLaw } from "../laws/power.ts";
import { publishedLaws } from "../laws/published.ts";
import type { Scale } from "../observation.ts";
import { lossSurface, type LossSurface } from "./loss-surface.ts";

const scales = fc.record({
  parameters: fc.double({ min: 1e6, max: 1e12, noNaN: true }),
  tokens: fc.double({ min: 1e8, max: 1e13, noNaN: true }),
  uniqueTokens: fc.double({ min: 1e8, max: 1e13, noNaN: true }),
});

/** The derivative by the logarithm of one of the two, by central differences. */
function difference(surface: LossSurface, scale: Scale, name: "parameters" | "tokens"): number {
  const step = 1e-4;
  const at = (factor: number): number => surface.loss({ ...scale, [name]: scale[name] * factor });
  return (at(Math.exp(step)) - at(Math.exp(-step))) / (2 * step);
}

/** Where a difference would reach over the kink at one epoch, or at a model that fills its data, there is no one slope. */
function isSmooth(surface: LossSurface, scale: Scale): boolean {
  return (["parameters", "tokens"] as const).every((name) => {
    const [before, after] = [0.9995, 1.0005].map((factor) => difference(surface, { ...scale, [name]: scale[name] * factor }, name));
    return Math.abs((before ?? NaN) - (after ?? NaN)) < 2e-3 * Math.abs(before ?? NaN);
  });
}

describe("the slopes of a law", () => {
  for (const [name, law] of Object.entries(publishedLaws)) {
    it.prop([scales])(`are the differences of its loss: ${name}`, (scale) => {
      const surface = lossSurface(law);
      fc.pre(isSmooth(surface, scale));
      const slopes = surface.slopes(scale);
      for (const axis of ["parameters", "tokens"] as const) {
        expect(Math.abs(slopes[axis] - difference(surface, scale, axis))).toBeLessThan(1e-9 + 1e-5 * Math.abs(slopes[axis]));
      }
    });

    it.prop([scales, fc.double({ min: 1, max: 100, noNaN: true })])(`never rise with more of anything: ${name}`, (scale, factor) => {
      const surface = lossSurface(law);
      for (const axis of ["parameters", "tokens", "uniqueTokens"] as const) {
        expect(surface.loss({ ...scale, [axis]: scale[axis] * factor })).toBeLessThanOrEqual(surface.loss(scale) + 1e-12);
      }
    });
  }
});

describe("a stock of data", () => {
  it("is no matter to a training that is shorter than it", () => {
    const surface = lossSurface(publishedLaws["muennighoff-2023"]);
    const scale = { parameters: 1e9, tokens: 1e10 };
    expect(surface.loss({ ...scale, uniqueTokens: 1e13 })).toBe(surface.loss(scale));
  });

  it("is the most that a law without repetition learns from", () => {
    const { parameters: values } = publishedLaws["hoffmann-2022"];
    const surface = lossSurface(publishedLaws["hoffmann-2022"]);
    expect(surface.loss({ parameters: 1e9, tokens: 1e12, uniqueTokens: 1e10 })).toBe(chinchilla.loss(values, { parameters: 1e9, tokens: 1e10 }));
  });
});

it("refuses a law of one variable, which cannot share compute", () => {
  expect(() => lossSurface({ law: powerLaw("flops"), parameters: { Xc: 1e8, alpha: 0.05 }, source: "made up" })).toThrow("The law power-flops (L = (Xc/C)^alpha) does not say what parameters and tokens are each worth");
});
