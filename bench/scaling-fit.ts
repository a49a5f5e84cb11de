import { analyse } from "../src/scaling/fit/analyse.ts";
import { fitLaw } from "../src/scaling/fit/fit-law.ts";
import { scaleGrid, trainingsOf } from "../src/scaling/fit/fixtures/trainings.ts";
import { profileIntervals } from "../src/scaling/fit/profile.ts";
import { chinchilla } from "../src/scaling/laws/chinchilla.ts";
import { publishedLaws } from "../src/scaling/laws/published.ts";
import { distributions } from "../src/scaling/slopes/distributions.ts";

const { parameters: truth } = publishedLaws["besiroglu-2024"];
const [REPETITIONS, LEVEL, SCATTER] = [200, 0.9, 0.005];

/** How long a fit of 250 trainings with 4,000 resampled ones takes, and how often intervals hold the values that made the trainings. */
export async function scalingFit(): Promise<object> {
  const many = trainingsOf(chinchilla, truth, scaleGrid(10, 25), SCATTER, 1);
  const start = performance.now();
  const { draws } = await analyse("chinchilla", many, { level: LEVEL });
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  return { points: many.length, resamples: draws.length, seconds, level: LEVEL, scatter: SCATTER, repetitions: REPETITIONS, coverage: await coverage() };
}

async function coverage(): Promise<Record<string, number>> {
  const { intervalWidth } = await distributions();
  const hits = Object.fromEntries(chinchilla.parameterNames.map((name) => [name, 0]));
  for (let seed = 0; seed < REPETITIONS; seed++) {
    const trainings = trainingsOf(chinchilla, truth, scaleGrid(6, 6), SCATTER, seed);
    const { objective, optimum } = fitLaw("chinchilla", trainings);
    const intervals = profileIntervals(objective, optimum, { restrictions: {}, quantile: intervalWidth(LEVEL, trainings.length - optimum.length) });
    for (const name of chinchilla.parameterNames) {
      const [low, high] = intervals[name] ?? [NaN, NaN];
      if (low <= truth[name] && truth[name] <= high) hits[name] = (hits[name] ?? 0) + 1;
    }
  }
  return Object.fromEntries(Object.entries(hits).map(([name, count]) => [name, count / REPETITIONS]));
}
