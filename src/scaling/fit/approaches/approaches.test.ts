import { describe, expect, it } from "vitest";
import { chinchilla, chinchillaOptimum } from "../../laws/chinchilla.ts";
import { publishedLaws } from "../../laws/published.ts";
import type { Observation, Scale } from "../../observation.ts";
import { trainingsOf } from "../fixtures/trainings.ts";
import { fitEnvelope } from "./envelope.ts";
import { fitIsoflops, isoflopBias } from "./isoflop.ts";
import { allocate } from "./power-fit.ts";

const { "hoffmann-2022": { parameters: hoffmann } } = publishedLaws;
/** alpha = beta = 0.3: a valley is the same from either side. */
const symmetric = { E: 1.7, A: 400, B: 900, alpha: 0.3, beta: 0.3 };
const options = { level: 0.9, repetitions: 40, seed: 1 };

/** Sizes at equal steps around a multiple of the best one, at five computes. */
function isoflopGrid(law: typeof hoffmann, { width, offset = 1 }: { width: number; offset?: number }): Scale[] {
  return [1e17, 1e18, 1e19, 1e20, 1e21].flatMap((flops) => Array.from({ length: 15 }, (_, at) => {
    const parameters = offset * chinchillaOptimum(law, flops).parameters * width ** (at / 7 - 1);
    return { parameters, tokens: flops / (6 * parameters), flops };
  }));
}

describe("Approach 2", () => {
  it("finds the exponents where valleys are symmetric, and has no bias there", () => {
    const fit = fitIsoflops(trainingsOf(chinchilla, symmetric, isoflopGrid(symmetric, { width: 4 })), options);
    expect(fit.allocation.a).toBeCloseTo(0.5, 10);
    expect(fit.allocation.b).toBeCloseTo(0.5, 10);
    expect(fit.valleys).toHaveLength(5);
    const bias = isoflopBias(symmetric, fit);
    expect(bias?.recovered.a).toBeCloseTo(0.5, 10);
    bias?.sizeRatios.forEach((ratio) => expect(ratio).toBeCloseTo(1, 10));
  });

  it("has a bias that grows with the width of the grid where they are not", () => {
    const ratioAt = (width: number): number => {
      const fit = fitIsoflops(trainingsOf(chinchilla, hoffmann, isoflopGrid(hoffmann, { width })), { ...options, repetitions: 0 });
      const bias = isoflopBias(hoffmann, fit);
      expect(bias?.closedForm.a).toBeCloseTo(0.28 / 0.62, 12);
      // On a centred grid of one width every valley is missed by the same factor, so the exponent is right.
      expect(bias?.recovered.a).toBeCloseTo(0.28 / 0.62, 10);
      return Math.abs(Math.log(bias?.sizeRatios[0] ?? NaN));
    };
    expect(ratioAt(2)).toBeLessThan(0.02);
    expect(ratioAt(16)).toBeGreaterThan(3.5 * ratioAt(4));
  });

  it("has a biased exponent where the grid's centre drifts", () => {
    const drifting = isoflopGrid(hoffmann, { width: 8 }).map((scale) => {
      const parameters = scale.parameters * ((scale.flops ?? NaN) / 1e19) ** 0.1;
      return { ...scale, parameters, tokens: (scale.flops ?? NaN) / (6 * parameters) };
    });
    const bias = isoflopBias(hoffmann, fitIsoflops(trainingsOf(chinchilla, hoffmann, drifting), { ...options, repetitions: 0 }));
    expect(Math.abs((bias?.recovered.a ?? NaN) - (bias?.closedForm.a ?? NaN))).toBeGreaterThan(0.0003);
  });

  it("is refused without two valleys", () => {
    const one = trainingsOf(chinchilla, hoffmann, isoflopGrid(hoffmann, { width: 4 }).slice(0, 15));
    expect(() => fitIsoflops(one, options)).toThrow(/at least two computes.*there is one among 1/);
  });
});

describe("Approach 1", () => {
  it("finds the exponents along the envelope of many curves", () => {
    // Each size is trained on tokens far beyond its best; 24 sizes lie close enough for the envelope to be smooth.
    const curves = Array.from({ length: 24 }, (_, at) => 10 ** (6.5 + at / 6)).flatMap((parameters): Observation[] => Array.from({ length: 30 }, (_, step) => {
      const scale = { parameters, tokens: parameters * 10 ** (step / 10 - 0.5) };
      return { ...scale, name: parameters.toExponential(3), loss: chinchilla.loss(symmetric, scale) };
    }));
    const { allocation, intervals } = fitEnvelope(curves, { ...options, repetitions: 5 });
    expect(Math.abs(allocation.a - 0.5)).toBeLessThan(0.02);
    expect(allocation.a + allocation.b).toBeCloseTo(1, 4);
    const [low = NaN, high = NaN] = intervals.a ?? [];
    expect(low).toBeLessThan(high);
    expect(fitEnvelope(curves, { ...options, repetitions: 0 }).intervals).toEqual({});
  });

  it("is refused where no size between the smallest and the largest is ever lowest", () => {
    // No curve crosses another: more parameters are always better.
    const curves = [1e6, 1e7, 1e8].flatMap((parameters): Observation[] => [1e17, 1e18, 1e19].map((flops) => (
      { parameters, tokens: flops / (6 * parameters), flops, name: String(parameters), loss: 3 - Math.log10(parameters) / 10 - Math.log10(flops) / 100 })));
    expect(() => fitEnvelope(curves, options)).toThrow(/at least two sizes that are lowest somewhere/);
  });

  it("is refused where each training has one row", () => {
    expect(() => fitEnvelope(trainingsOf(chinchilla, hoffmann, isoflopGrid(hoffmann, { width: 4 })), options)).toThrow(/several rows with the same name.*hold none/);
  });
});

it("a power law through best sizes is found exactly", () => {
  const best = [1e18, 1e20, 1e22].map((flops) => ({ flops, parameters: 0.1 * flops ** 0.49, tokens: flops ** 0.51 / 0.6 }));
  expect(allocate(best)).toMatchObject({ a: expect.closeTo(0.49, 12) as number, b: expect.closeTo(0.51, 12) as number, kN: expect.closeTo(0.1, 10) as number });
});
