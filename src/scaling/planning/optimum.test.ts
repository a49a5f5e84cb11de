import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { chinchilla, chinchillaOptimum } from "../laws/chinchilla.ts";
import { publishedLaws } from "../laws/published.ts";
import { lossSurface, type LossSurface } from "./loss-surface.ts";
import { bestTraining, flatRange } from "./optimum.ts";

const { "hoffmann-2022": hoffmann, "besiroglu-2024": besiroglu, "kaplan-2020": kaplan, "muennighoff-2023": muennighoff } = publishedLaws;
const constrained = lossSurface(muennighoff);

const computes = fc.double({ min: 17, max: 28, noNaN: true }).map((exponent) => 10 ** exponent);
const stocks = fc.double({ min: 8, max: 14, noNaN: true }).map((exponent) => 10 ** exponent);
const chinchillaValues = fc.record({
  E: fc.double({ min: 0, max: 3, noNaN: true }), A: fc.double({ min: 10, max: 5000, noNaN: true }), B: fc.double({ min: 10, max: 5000, noNaN: true }),
  alpha: fc.double({ min: 0.15, max: 0.7, noNaN: true }), beta: fc.double({ min: 0.15, max: 0.7, noNaN: true }),
});

/** The lowest loss over sizes by golden sections, which knows nothing of slopes. */
function goldenLoss(surface: LossSurface, compute: number, uniqueTokens: number): { loss: number; parameters: number } {
  const lossAt = (logarithm: number): number => surface.loss({ parameters: Math.exp(logarithm), tokens: compute / 6 / Math.exp(logarithm), uniqueTokens });
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, Math.log(compute / 6)];
  while (high - low > 1e-9) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (lossAt(left) < lossAt(right)) high = right;
    else low = left;
  }
  return { loss: lossAt((low + high) / 2), parameters: Math.exp((low + high) / 2) };
}

describe("the best training of unlimited data", () => {
  it.prop([chinchillaValues, computes])("is Chinchilla's closed form", (parameters, compute) => {
    const found = bestTraining(lossSurface({ law: chinchilla, parameters, source: "made up" }), { compute });
    const closed = chinchillaOptimum(parameters, compute);
    fc.pre(closed.parameters > 2 && closed.tokens > 2);
    expect(Math.abs(found.parameters / closed.parameters - 1)).toBeLessThan(1e-10);
    expect(Math.abs(found.tokens / closed.tokens - 1)).toBeLessThan(1e-10);
  });

  it.prop([computes])("is Chinchilla's too under a law of repetition", (compute) => {
    const closed = chinchillaOptimum(muennighoff.parameters, compute);
    expect(Math.abs(bestTraining(constrained, { compute }).parameters / closed.parameters - 1)).toBeLessThan(1e-10);
  });

  it.prop([computes])("is a closed form under Kaplan's law, whose inside is Chinchilla's", (compute) => {
    const { Nc, Dc, alphaN, alphaD } = kaplan.parameters;
    const inside = { E: 0, A: Nc ** (alphaN / alphaD), B: Dc, alpha: alphaN / alphaD, beta: 1 };
    const closed = chinchillaOptimum(inside, compute);
    expect(Math.abs(bestTraining(lossSurface(kaplan), { compute }).parameters / closed.parameters - 1)).toBeLessThan(1e-10);
  });

  it("has about 20 tokens a parameter for Chinchilla's compute under the corrected fit", () => {
    // Besiroglu et al. 2024, section 4: their fit agrees with the 70 billion parameters and 1.4 trillion tokens of Chinchilla.
    const { parameters, tokens } = bestTraining(lossSurface(besiroglu), { compute: 5.76e23 });
    expect(parameters / 70e9).toBeCloseTo(1, 1);
    expect(tokens / parameters).toBeGreaterThan(17);
    expect(tokens / parameters).toBeLessThan(22);
  });
});

/**
 * The search that Muennighoff et al. publish (huggingface/datablations, README, "Parametric Fit"): tokens are those of a base
 * times or over 500 factors from 1.0001 to 3, evenly spaced, parameters the other way round. The base is the best
 * training of the compute for unlimited data.
 */
function publishedAllocation(compute: number, uniqueTokens: number): { parameters: number; tokens: number } {
  const base = bestTraining(constrained, { compute });
  const factors = Array.from({ length: 500 }, (_, at) => 1.0001 + (at * (3 - 1.0001)) / 499).flatMap((factor) => [factor, 1 / factor]);
  const trainings = factors.map((factor) => ({ parameters: base.parameters / factor, tokens: base.tokens * factor }));
  const losses = trainings.map((training) => constrained.loss({ ...training, uniqueTokens }));
  return trainings[losses.indexOf(Math.min(...losses))] ?? { parameters: NaN, tokens: NaN };
}

describe("the best training of limited data", () => {
  it("repeats 25 billion tokens nine and a half times with 1e22 operations", () => {
    const { parameters, epochs } = bestTraining(constrained, { compute: 1e22, uniqueTokens: 25e9 });
    const golden = goldenLoss(constrained, 1e22, 25e9);
    expect(parameters / golden.parameters).toBeCloseTo(1, 6);
    expect(epochs).toBeCloseTo(9.49, 2);
    const published = publishedAllocation(1e22, 25e9);
    expect([published.parameters / 1e9, published.tokens / 1e11].map((value) => value.toPrecision(6))).toEqual(["7.02236", "2.37337"]);
    expect(Math.abs(parameters / published.parameters - 1)).toBeLessThan(1e-3);
    expect(constrained.loss({ ...published, uniqueTokens: 25e9 }) - golden.loss).toBeGreaterThan(8e-9);
  });

  for (const [name, law] of Object.entries(publishedLaws)) {
    const surface = lossSurface(law);
    it.prop([computes, stocks])(`is the lowest that golden sections find: ${name}`, (compute, uniqueTokens) => {
      const found = bestTraining(surface, { compute, uniqueTokens });
      expect(found.loss).toBeLessThanOrEqual(goldenLoss(surface, compute, uniqueTokens).loss + 1e-12);
      expect(Math.abs(6 * found.parameters * found.tokens / compute - 1)).toBeLessThan(1e-12);
    });

    it.prop([computes, stocks, fc.double({ min: 1, max: 1000, noNaN: true })])(`never gets worse with more compute or more data: ${name}`, (compute, uniqueTokens, factor) => {
      const { loss } = bestTraining(surface, { compute, uniqueTokens });
      expect(bestTraining(surface, { compute: factor * compute, uniqueTokens }).loss).toBeLessThanOrEqual(loss + 1e-12);
      expect(bestTraining(surface, { compute, uniqueTokens: factor * uniqueTokens }).loss).toBeLessThanOrEqual(loss + 1e-12);
    });
  }

  it("is one epoch, and the rest in parameters, where a law knows no repetition", () => {
    const { tokens, parameters } = bestTraining(lossSurface(hoffmann), { compute: 6e24, uniqueTokens: 1e11 });
    expect(tokens / 1e11).toBeCloseTo(1, 10);
    expect(parameters / 1e13).toBeCloseTo(1, 10);
  });
});

describe("the flatness of an optimum", () => {
  it("is the range in which the loss stays within the tolerance", () => {
    const [low, high] = flatRange(constrained, { compute: 1e22, uniqueTokens: 25e9 }, 0.001);
    const { loss } = bestTraining(constrained, { compute: 1e22, uniqueTokens: 25e9 });
    for (const parameters of [low, high]) {
      expect(constrained.loss({ parameters, tokens: 1e22 / 6 / parameters, uniqueTokens: 25e9 }) / loss).toBeCloseTo(1.001, 10);
    }
  });
});

it("refuses compute that does not pay for one parameter and one token", () => {
  expect(() => bestTraining(constrained, { compute: 5 })).toThrow("5 floating-point operations do not pay for a model of one parameter");
});
