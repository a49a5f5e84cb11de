import { existsSync } from "node:fs";
import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { brokenPowerLaw } from "../laws/broken-power.ts";
import { chinchilla } from "../laws/chinchilla.ts";
import { dataConstrained, optimalParameters } from "../laws/data-constrained.ts";
import { kaplan } from "../laws/kaplan.ts";
import type { Law, LawParameters } from "../laws/law.ts";
import { powerLaw } from "../laws/power.ts";
import { publishedLaws } from "../laws/published.ts";
import type { Observation, Scale } from "../observation.ts";
import { readObservations } from "../table/observations.ts";
import { evaluateLaw } from "./evaluate.ts";
import { fitInTwoSteps, fitLaw, leaveOneOut, setHighestAside } from "./fit-law.ts";
import { scaleGrid, trainingsOf } from "./fixtures/trainings.ts";
import { formNamed } from "./forms/catalogue.ts";
import { HuberObjective } from "./huber-objective.ts";
import { singularValues } from "./matrix.ts";
import { Slots } from "./slots.ts";
import { projectChinchilla } from "./variable-projection.ts";

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const decades = (min: number, max: number) => between(min, max).map((power) => 10 ** power);
const chinchillas = fc.record({ E: between(0.5, 3), A: between(50, 2000), B: between(50, 5000), alpha: between(0.2, 0.6), beta: between(0.2, 0.6) });

function farthest(found: LawParameters, truth: LawParameters): number {
  return Math.max(...Object.entries(truth).map(([name, value]) => Math.abs((found[name] ?? NaN) / value - 1)));
}

/**
 * By what share a parameter may change together with the others, all losses changing by less than a rounding: how far
 * numbers of double precision determine it. From singular values of the finite differences of the log-loss by the
 * parameters' logarithms. scipy 1.17's Levenberg-Marquardt and trust region, begun beside the truth, give all of 268 draws of
 * Kaplan's law below 1e-7 back to 1e-6, and none of 28 above 1e-6.
 */
function openToRounding(law: Law, truth: LawParameters, scales: readonly Scale[]): number {
  const step = 1e-5;
  const logLoss = (name: string, factor: number, scale: Scale) => Math.log(law.loss({ ...truth, [name]: (truth[name] ?? NaN) * factor }, scale));
  const values = scales.flatMap((scale) => law.parameterNames.map((name) => (logLoss(name, Math.exp(step), scale) - logLoss(name, Math.exp(-step), scale)) / (2 * step)));
  const singular = singularValues({ values: Float64Array.from(values), rows: scales.length, columns: law.parameterNames.length });
  return Number.EPSILON * Math.max(...law.parameterNames.map((_, at) => Math.hypot(...singular.map(({ value, vector }) => (vector[at] ?? NaN) / value))));
}

const besiroglu = publishedLaws["besiroglu-2024"].parameters;

/** Of Kaplan's law either part may be too small to be seen in any loss; such draws are left out, see {@link openToRounding}. */
describe("noise-free trainings", () => {
  it.prop([chinchillas], { numRuns: 6, endOnFailure: true })("give Chinchilla's parameters back, by L-BFGS and by variable projection", (truth) => {
    const trainings = trainingsOf(chinchilla, truth, scaleGrid(7, 7));
    expect(farthest(fitLaw("chinchilla", trainings).parameters, truth)).toBeLessThan(1e-6);
    expect(farthest(projectChinchilla(trainings), truth)).toBeLessThan(1e-6);
  });

  it.prop([fc.record({ Nc: decades(11, 15), Dc: decades(11, 15), alphaN: between(0.03, 0.3), alphaD: between(0.03, 0.3) })], { numRuns: 12, endOnFailure: true })(
    "give Kaplan's parameters back", (truth) => {
      const trainings = trainingsOf(kaplan, truth, scaleGrid(7, 7));
      fc.pre(openToRounding(kaplan, truth, trainings) < 1e-7);
      expect(farthest(fitLaw("kaplan", trainings).parameters, truth)).toBeLessThan(1e-6);
    });

  it.prop([chinchillas, between(1, 50), between(1, 100)], { numRuns: 5, endOnFailure: true })("give the decay of repeated data back", (base, RN, RD) => {
    const truth = { ...base, RN, RD };
    // Sizes on either side of what the different tokens could fill, and 1 to 64 epochs.
    const scales = [1e8, 1e9, 1e10].flatMap((uniqueTokens) => [0.2, 1.5, 4, 15].flatMap((share) => [1, 4, 16, 64].map((epochs) => (
      { parameters: share * optimalParameters(truth, uniqueTokens), tokens: epochs * uniqueTokens, uniqueTokens }))));
    const trainings = trainingsOf(dataConstrained, truth, scales);
    expect(openToRounding(dataConstrained, truth, trainings)).toBeLessThan(1e-8);
    expect(farthest(fitLaw("data-constrained", trainings).parameters, truth)).toBeLessThan(1e-6);
  });

  it("give a power law and one with a break back", () => {
    const scales = scaleGrid(2, 60);
    const power = { Xc: 5.4e13, alpha: 0.095 };
    expect(farthest(fitLaw("power-tokens", trainingsOf(powerLaw("tokens"), power, scales)).parameters, power)).toBeLessThan(1e-9);
    const broken = { a: 1.5, b: 200, c0: 0.2, c1: 0.25, d1: 1e10, f1: 0.5 };
    const law = brokenPowerLaw("tokens", 1);
    expect(farthest(fitLaw(law.name, trainingsOf(law, broken, scales)).parameters, broken)).toBeLessThan(1e-6);
  });

  it("keep what is fixed and tie what is tied", () => {
    const trainings = trainingsOf(chinchilla, { E: 1.7, A: 400, B: 900, alpha: 0.33, beta: 0.33 }, scaleGrid(6, 6));
    const { parameters, optimum } = fitLaw("chinchilla", trainings, { tieExponents: true, fixed: { E: 1.7 } });
    expect(optimum).toHaveLength(3);
    expect(farthest(parameters, { E: 1.7, A: 400, B: 900, alpha: 0.33, beta: 0.33 })).toBeLessThan(1e-6);
    expect(fitLaw("chinchilla", trainings, { tieExponents: true, fixed: { beta: 0.33 } }).parameters.alpha).toBe(0.33);
  });
});

/**
 * Another implementation: scipy 1.17.1's Huber loss of the log-loss, minimised by its Nelder-Mead from the best of 432 points, restarted six
 * times at a tolerance of 1e-11.
 */
describe("trainings with scatter are fitted as scipy fits them", () => {
  const trainings = Array.from({ length: 30 }, (_, at): Observation => {
    const [parameters, tokens] = [10 ** (7 + Math.floor(at / 6) / 2), 10 ** (9 + (at % 6) / 2)];
    const scatter = 0.004 * Math.sin(12.9898 * (at + 1)) * Math.cos(78.233 * (at + 1));
    return { parameters, tokens, loss: chinchilla.loss(besiroglu, { parameters, tokens }) * Math.exp(scatter) };
  });

  it.each([
    [1e-3, 3.308819398413704e-5, { E: 1.8106513207521544, A: 478.4980847889138, B: 1894.026361427407, alpha: 0.3472804937619277, beta: 0.36104685893362254 }],
    [Infinity, 5.3723731284978353e-5, { E: 1.8123407268974048, A: 474.0987196412204, B: 1975.1117076975615, alpha: 0.3466721070184987, beta: 0.3632099839498825 }],
  ])("with a delta of %d", (delta, value, parameters) => {
    const fit = fitLaw("chinchilla", trainings, { delta });
    expect(fit.value).toBeLessThan(value * (1 + 1e-9));
    expect(farthest(fit.parameters, parameters)).toBeLessThan(1e-6);
  });
});

describe("the objective's gradient", () => {
  const points: readonly (readonly [Law, LawParameters])[] = [
    [chinchilla, besiroglu], [kaplan, publishedLaws["kaplan-2020"].parameters], [dataConstrained, publishedLaws["muennighoff-2023"].parameters],
    [powerLaw("flops"), { Xc: 1e20, alpha: 0.1 }], [brokenPowerLaw("tokens", 2), { a: 1.2, b: 90, c0: 0.2, c1: 0.1, d1: 5e9, f1: 0.4, c2: -0.1, d2: 8e10, f2: 0.7 }],
  ];

  it.each(points)("is its finite difference: $name", (law, parameters) => {
    const scales = scaleGrid(4, 5).map((scale) => ({ ...scale, uniqueTokens: scale.tokens / 7 }));
    const objective = new HuberObjective(new Slots(formNamed(law.name)), trainingsOf(law, parameters, scales, 0.002), 1e-3);
    const at = objective.slots.free(parameters);
    const gradient = new Float64Array(at.length);
    objective.evaluate(at, gradient);
    const valueAt = (slot: number, change: number) => objective.evaluate(at.map((value, each) => value + (each === slot ? change : 0)), new Float64Array(at.length));
    gradient.forEach((slope, slot) => {
      const difference = (valueAt(slot, 1e-6) - valueAt(slot, -1e-6)) / 2e-6;
      expect(Math.abs(difference - slope)).toBeLessThan(1e-5 * Math.max(...gradient.map(Math.abs)));
    });
  });
});

describe("trainings that determine nothing", () => {
  const fitTo = (trainings: readonly Observation[], law = "chinchilla") => () => fitLaw(law, trainings);
  const along = (scales: readonly { parameters: number; tokens: number }[]) => trainingsOf(chinchilla, besiroglu, scales, 0.003, 5);

  it("are refused, with the parameters that are loose and why", () => {
    const grid = scaleGrid(8, 8);
    expect(fitTo(along(grid.map((scale) => ({ ...scale, parameters: 1e8 }))))).toThrow(/A and alpha.*all have the same size/);
    expect(fitTo(along(grid.map((scale) => ({ ...scale, tokens: 1e10 }))))).toThrow(/B and beta.*all have as many tokens/);
    expect(fitTo(along(grid.filter(({ parameters }) => parameters < 3e7)))).toThrow(/only two sizes/);
    expect(fitTo(along(grid.map(({ parameters }) => ({ parameters, tokens: 20 * parameters }))))).toThrow(/20\.0 tokens a parameter/);
    expect(fitTo(along(grid), "data-constrained")).toThrow(/RD.*none sees a token twice/);
    expect(fitTo(along(grid.slice(0, 5)))).toThrow(/at least 6 trainings, but there are 5/);
    expect(fitTo([...along(grid), { name: "gone", parameters: 1e8, tokens: 1e9, loss: 0 }])).toThrow(/Training gone has 0 loss/);
  });

  it.each([0, -1, NaN])("are not the reason where delta is %d", (delta) => {
    expect(() => fitLaw("chinchilla", along(scaleGrid(6, 6)), { delta })).toThrow(`Delta is ${delta}, but residuals up to it count`);
  });

  it("leave a decay that is not seen at a large value, not without end", () => {
    const scales = [1e8, 1e9, 1e10].flatMap((uniqueTokens) => [1e7, 1e8, 1e9, 1e10].flatMap((parameters) => [1, 4, 16].map((epochs) => ({ parameters, tokens: epochs * uniqueTokens, uniqueTokens }))));
    const truth = { ...besiroglu, RN: 1e300, RD: 10 };
    const { parameters } = fitLaw("data-constrained", trainingsOf(dataConstrained, truth, scales, 0.002, 3));
    expect(parameters.RN).toBeGreaterThan(1e3);
    expect(parameters.RN).toBeLessThan(1e30);
  });
});

describe("predictions", () => {
  it("of trainings left out err as those that were fitted scatter", () => {
    const fit = fitLaw("chinchilla", trainingsOf(chinchilla, besiroglu, scaleGrid(6, 6), 0.004, 2));
    const errors = leaveOneOut(fit).map(({ percent }) => percent);
    const root = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(root).toBeGreaterThan(0.25);
    expect(root).toBeLessThan(0.7);
  });

  it("are for those of the most FLOPs, counted ones before 6 N D", () => {
    const trainings: Observation[] = [{ parameters: 1, tokens: 1, loss: 1 }, { parameters: 9, tokens: 9, loss: 2 }, { parameters: 2, tokens: 2, flops: 1e9, loss: 3 }];
    expect(setHighestAside(trainings, 2)).toEqual({ kept: [trainings[0]], aside: [trainings[1], trainings[2]] });
    expect(() => setHighestAside(trainings, 3)).toThrow(/none would be left/);
  });
});

const datablations = "../shared/data/datablations/runs.csv";

describe.skipIf(!existsSync(datablations))("182 trainings on repeated data (needs ../shared/data/datablations)", () => {
  const { "muennighoff-2023": muennighoff } = publishedLaws;

  it("agree with Muennighoff's law as its authors state, 0.7722 with decay against 0.4452 without", async () => {
    const trainings = await readObservations(datablations);
    expect(trainings).toHaveLength(182);
    expect(evaluateLaw(muennighoff, trainings, 1e-3).r2).toBeCloseTo(0.7722, 4);
    expect(evaluateLaw({ ...muennighoff, law: chinchilla }, trainings, 1e-3).r2).toBeCloseTo(0.4452, 4);
  });

  it("are fitted nearer, at once and in two steps", async () => {
    const trainings = await readObservations(datablations);
    const published = evaluateLaw(muennighoff, trainings, 1e-3);
    expect(published.own?.value).toBeLessThan(published.value);
    const { second } = fitInTwoSteps(trainings, { tieExponents: true });
    expect(second.parameters.alpha).toBe(second.parameters.beta);
    expect(second.parameters.RD).toBeGreaterThan(10);
  });
});
