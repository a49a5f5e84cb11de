import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chinchilla } from "../laws/chinchilla.ts";
import { kaplan } from "../laws/kaplan.ts";
import { readLawFile, writeLawFile } from "../laws/law-file.ts";
import { powerLaw } from "../laws/power.ts";
import { publishedLaws } from "../laws/published.ts";
import { distributions } from "../slopes/distributions.ts";
import { analyse, savedLaw } from "./analyse.ts";
import { fitLaw, setHighestAside } from "./fit-law.ts";
import { scaleGrid, trainingsOf } from "./fixtures/trainings.ts";
import { compareFits } from "./likelihood.ts";
import { profileIntervals } from "./profile.ts";

const { "besiroglu-2024": { parameters: truth }, "kaplan-2020": { parameters: kaplan2020 } } = publishedLaws;

describe("profile-likelihood intervals", () => {
  it("cover the truth as often as they say", async () => {
    const { intervalWidth } = await distributions();
    const repetitions = 24;
    const hits = { E: 0, A: 0, B: 0, alpha: 0, beta: 0 };
    for (let seed = 0; seed < repetitions; seed++) {
      const { objective, optimum } = fitLaw("chinchilla", trainingsOf(chinchilla, truth, scaleGrid(6, 6), 0.005, seed), { descents: 2 });
      const intervals = profileIntervals(objective, optimum, { restrictions: {}, quantile: intervalWidth(0.9, 31) });
      for (const name of chinchilla.parameterNames) {
        const [low = NaN, high = NaN] = intervals[name] ?? [];
        if (low <= truth[name] && truth[name] <= high) hits[name]++;
      }
    }
    // Of 24 at 90 %, fewer than 18 happen in less than one case in fifty.
    for (const count of Object.values(hits)) expect(count / repetitions).toBeGreaterThanOrEqual(0.75);
    expect(Object.values(hits).reduce((sum, count) => sum + count, 0) / (5 * repetitions)).toBeLessThan(0.99);
  }, 60_000);

  it("are Student's for a straight line in logarithms", async () => {
    const trainings = trainingsOf(powerLaw("tokens"), { Xc: 5.4e13, alpha: 0.095 }, scaleGrid(2, 15), 0.01, 4);
    const { objective, optimum, parameters } = fitLaw("power-tokens", trainings, { delta: Infinity });
    const { intervalWidth } = await distributions();
    const { alpha: [low, high] = [NaN, NaN] } = profileIntervals(objective, optimum, { restrictions: {}, quantile: intervalWidth(0.95, 28) });
    // Ordinary least squares of log L on log D, from the textbook's sums.
    const [x, y] = [trainings.map(({ tokens }) => Math.log(tokens)), trainings.map(({ loss }) => Math.log(loss))];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [mx, my] = [mean(x), mean(y)];
    const sxx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
    const slope = x.reduce((sum, value, at) => sum + (value - mx) * ((y[at] ?? 0) - my), 0) / sxx;
    const residual = x.reduce((sum, value, at) => sum + ((y[at] ?? 0) - my - slope * (value - mx)) ** 2, 0);
    const half = intervalWidth(0.95, 28) * Math.sqrt(residual / 28 / sxx);
    expect(parameters.alpha).toBeCloseTo(-slope, 9);
    expect(low).toBeCloseTo(-slope - half, 4);
    expect(high).toBeCloseTo(-slope + half, 4);
  });
});

describe("an analysis", () => {
  it("predicts the largest trainings within its interval, and is read back from its file", async () => {
    const all = trainingsOf(chinchilla, truth, scaleGrid(7, 7), 0.003, 8);
    const { kept, aside } = setHighestAside(all, 4);
    const analysis = await analyse("chinchilla", kept, { aside, repetitions: 300, seed: 5 });
    expect(analysis.heldOut).toHaveLength(4);
    for (const { percent, interval } of analysis.heldOut) {
      expect(Math.abs(percent)).toBeLessThan(1.2);
      expect((interval?.[1] ?? NaN) - (interval?.[0] ?? NaN)).toBeGreaterThan(0.005);
    }
    const again = await analyse("chinchilla", kept, { aside, repetitions: 300, seed: 5 });
    expect(again.bootstrapIntervals).toEqual(analysis.bootstrapIntervals);
    const folder = await mkdtemp(join(tmpdir(), "law-"));
    const saved = savedLaw(analysis, "fit to a grid", kept);
    await writeLawFile(join(folder, "law.json"), saved);
    expect(await readLawFile(join(folder, "law.json"))).toEqual({ ...saved, law: expect.objectContaining({ name: "chinchilla" }) as unknown });
    await rm(folder, { recursive: true });
  });

  it("names what the data leave loose", async () => {
    const narrow = trainingsOf(chinchilla, truth, scaleGrid(4, 4).map(({ parameters, tokens }) => ({ parameters: parameters ** 0.2 * 1e7, tokens: tokens ** 0.2 * 1e9 })), 0.01, 3);
    const { loose } = await analyse("chinchilla", narrow, { repetitions: 0 });
    expect(loose).toEqual(expect.arrayContaining(["A", "B"]));
    const wide = trainingsOf(chinchilla, truth, scaleGrid(6, 6), 0.003, 3);
    expect((await analyse("chinchilla", wide, { repetitions: 0 })).loose).toEqual([]);
  });
});

describe("laws compared", () => {
  const compare = (law: typeof chinchilla | typeof kaplan, parameters: object, noise: number) => {
    const trainings = trainingsOf(law, parameters as typeof truth, scaleGrid(6, 6), noise, 6);
    return compareFits(["chinchilla", "kaplan"].map((name) => fitLaw(name, trainings)));
  };

  it("are told apart where the trainings are exact, for the law that made them", async () => {
    const [ofChinchilla, ofKaplan] = [await compare(chinchilla, truth, 0.001), await compare(kaplan, kaplan2020, 0.001)];
    expect(ofChinchilla.laws[0]?.law).toBe("chinchilla");
    expect(ofChinchilla.verdict).toMatch(/^chinchilla fits better than kaplan by/);
    expect(ofKaplan.laws[0]?.law).toBe("kaplan");
  });

  it("are not where they scatter", async () => {
    const { verdict, laws } = await compare(kaplan, kaplan2020, 0.1);
    expect(verdict).toMatch(/^The data cannot tell/);
    expect(laws.every(({ isWorse }) => !isWorse)).toBe(true);
  });

  it("have the likelihood of normal residuals where delta is infinite", async () => {
    const trainings = trainingsOf(powerLaw("tokens"), { Xc: 5.4e13, alpha: 0.095 }, scaleGrid(2, 15), 0.01, 4);
    const fit = fitLaw("power-tokens", trainings, { delta: Infinity });
    const { laws: [rated] } = await compareFits([fit]);
    const variance = (2 * fit.value) / 30;
    expect(rated?.logLikelihood).toBeCloseTo(-15 * (Math.log(2 * Math.PI * variance) + 1), 6);
    expect(rated?.bic).toBeCloseTo(3 * Math.log(30) - 2 * (rated?.logLikelihood ?? NaN), 9);
  });
});
