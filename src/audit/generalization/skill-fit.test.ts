import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { fitSkill, skillBand, type SkillPoint } from "./skill-fit.ts";

const points = (examples: readonly number[], correct: readonly number[], total: readonly number[]): SkillPoint[] => (
  examples.map((each, at) => ({ examples: each, correct: correct[at] ?? NaN, total: total[at] ?? NaN })));

describe("fitSkill", () => {
  // The likelihood maximised by SciPy's BFGS, the inverse of the information, Student's t, and the edges of the band by brentq.
  it.each([
    {
      measured: points([1000, 2000, 4000, 8000, 16000], [12, 61, 148, 177, 196], [200, 200, 200, 200, 200]),
      line: [-18.584235627463016, 2.335655901767609], covariance: [2.6442801150165964, -0.3280766520854576, 0.04098553119000202], dispersion: 2.1477464775664568,
      half: [2854.786585343508, 2348.2259304250942, 3443.3238325129855], middle: [0.6873609800138282, 0.5794556954324371, 0.778178228785779],
    },
    {
      measured: points([100, 200, 400, 800, 1600, 3200], [30, 25, 90, 85, 160, 190], [200, 100, 200, 150, 250, 200]),
      line: [-6.543153669947058, 1.0305420170808528], covariance: [1.4279911542910884, -0.21489558096625813, 0.03321107546917396], dispersion: 7.52016180942432,
      half: [572.0550450902691, 300.90140633689003, 1006.857401092779], middle: [0.49711526613147583, 0.3651046023105282, 0.6295293461945072],
    },
  ])("gives SciPy's figures", async ({ measured, line, covariance, dispersion, half, middle }) => {
    const { fit } = await fitSkill(measured);
    if (fit === null) throw new Error("There is a fit.");
    near([fit.intercept, fit.slope], line);
    near([fit.covariance.intercept, fit.covariance.both, fit.covariance.slope], covariance);
    near([fit.dispersion], [dispersion]);
    near([fit.half?.examples, fit.half?.lower, fit.half?.upper], half);
    const [, center] = skillBand(fit, measured, 3); // the second of three lies at the mean of ln n, the numbers being a geometric series
    near([center?.accuracy, center?.lower, center?.upper], middle);
  });

  it.prop([fc.array(fc.record({ examples: fc.integer({ min: 1, max: 1e6 }), total: fc.integer({ min: 1, max: 500 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }), { minLength: 3, maxLength: 8 })])(
    "is where the likelihood's slopes vanish, and its curve lies within its band", async (drawn) => {
      const measured = drawn.map(({ examples, total, share }) => ({ examples, total, correct: Math.round(share * total) }));
      const { fit, reason } = await fitSkill(measured);
      expect(fit === null).toBe(reason !== undefined);
      if (fit === null) return;
      const residuals = measured.map(({ examples, correct, total }) => correct - total / (1 + Math.exp(-fit.intercept - fit.slope * Math.log(examples))));
      expect(Math.abs(sum(residuals))).toBeLessThan(1e-5);
      expect(Math.abs(sum(residuals.map((residual, at) => residual * Math.log(measured[at]?.examples ?? NaN))))).toBeLessThan(1e-4);
      for (const { accuracy, lower, upper } of skillBand(fit, measured)) {
        expect(lower).toBeLessThanOrEqual(accuracy);
        expect(upper).toBeGreaterThanOrEqual(accuracy);
      }
    });

  it.each([
    [points([100, 200], [1, 5], [10, 10]), /2 numbers of examples; a fit needs 3/],
    [points([100, 200, 400], [0, 0, 0], [10, 10, 10]), /nothing was answered rightly/],
    [points([100, 200, 400], [10, 10, 10], [10, 10, 10]), /everything was answered rightly/],
    [points([100, 200, 400, 800], [0, 0, 10, 10], [10, 10, 10, 10]), /jumps between two numbers/],
  ])("says why there is no fit", async (measured, reason) => {
    const fitted = await fitSkill(measured);
    expect(fitted.fit).toBeNull();
    expect(fitted.reason).toMatch(reason);
  });

  it("refuses points that make no sense", async () => {
    await expect(fitSkill(points([100, 200, 0], [1, 2, 3], [10, 10, 10]))).rejects.toThrow(/make no sense/);
    await expect(fitSkill(points([100, 200, 300], [1, 2, 13], [10, 10, 10]))).rejects.toThrow(/make no sense/);
  });
});

function near(actual: readonly (number | undefined)[], expected: readonly number[]): void {
  actual.forEach((value, at) => expect((value ?? NaN) / (expected[at] ?? NaN)).toBeCloseTo(1, 5));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
