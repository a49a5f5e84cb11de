/** How sure a plan is: what resampled fits of the law make of it. */
import { percentileInterval } from "../../metrics/quantile.ts";
import type { Interval, SavedLaw } from "../laws/law-file.ts";
import { publishedLaws, type FittedLaw, type PublishedLawName } from "../laws/published.ts";
import type { Scale } from "../observation.ts";
import { trainingOfYear, YEARS_BACK, yearOfWall, type Growth } from "./growth.ts";
import { lossSurface } from "./loss-surface.ts";
import { bestTraining, type ComputeBudget } from "./optimum.ts";

/** From where to where each figure of a plan lies at the level of the law's fit. */
export interface PlanIntervals {
  readonly level: number;
  /** Of the loss of the planned training. */
  readonly loss: Interval;
  /** Of the best N and D of the compute, before any serving is counted. */
  readonly parameters: Interval;
  readonly tokens: Interval;
}

/** The smallest and the largest training that a law was fitted to. */
export interface FittedRange {
  readonly parameters: Interval;
  readonly tokens: Interval;
}

/** What a plan rests on: a law, and where known its resampled fits and the trainings behind it. */
export interface PlanningLaw extends FittedLaw {
  /** What it is called in reports. */
  readonly name: string;
  readonly draws?: SavedLaw["draws"];
  readonly level?: number;
  readonly range?: FittedRange;
}

/** Trainings behind the published laws, as their papers state them. */
const publishedRanges: Readonly<Record<PublishedLawName, FittedRange>> = {
  // Abstract.
  "hoffmann-2022": { parameters: [70e6, 16e9], tokens: [5e9, 500e9] },
  "besiroglu-2024": { parameters: [70e6, 16e9], tokens: [5e9, 500e9] },
  // Section 3.
  "kaplan-2020": { parameters: [768, 1.5e9], tokens: [22e6, 23e9] },
  // The 182 trainings of huggingface/datablations.
  "muennighoff-2023": { parameters: [7.1e6, 8.67e9], tokens: [100e6, 900e9] },
};

/** A published law; none of the papers gives the joint uncertainty of its values, so that there are no draws. */
export function publishedPlanningLaw(name: PublishedLawName): PlanningLaw {
  return { ...publishedLaws[name], name, range: publishedRanges[name] };
}

/**
 * Intervals of a plan from the resampled fits of its law: percentiles of the loss that each expects of the planned
 * training, and of the training that each would have planned.
 *
 * @returns undefined where the law has no resampled fits
 */
export function planIntervals({ law, source, draws, level }: PlanningLaw, planned: Scale, budget: ComputeBudget): PlanIntervals | undefined {
  if (draws === undefined || draws.length === 0 || level === undefined) return undefined;
  const surfaces = draws.map((parameters) => lossSurface({ law, source, parameters }));
  const best = surfaces.map((surface) => bestTraining(surface, { ...budget, inferenceTokens: 0 }));
  return {
    level,
    loss: percentileInterval(surfaces.map((surface) => surface.loss(planned)), level),
    parameters: percentileInterval(best.map(({ parameters }) => parameters), level),
    tokens: percentileInterval(best.map(({ tokens }) => tokens), level),
  };
}

/** In which year the wall is met, by the resampled fits of a law; infinite where it is not within a hundred years. */
export interface WallInterval {
  readonly level: number;
  readonly years: Interval;
}

/** Each resample's wall takes thousands of best trainings; so many tell the ends of a 90% interval to a few per cent of its width. */
const WALL_DRAWS = 400;

/**
 * The interval of the wall's year from the resampled fits of a law, the first 400 of them: what is not known of the law,
 * while compute and data grow as given.
 *
 * @returns undefined where the law has no resampled fits
 */
export function wallInterval({ law, source, draws, level }: PlanningLaw, growth: Growth, share: number): WallInterval | undefined {
  if (draws === undefined || draws.length === 0 || level === undefined) return undefined;
  const years = draws.slice(0, WALL_DRAWS).map((parameters) => {
    const surface = lossSurface({ law, source, parameters });
    const isLongPast = (): boolean => trainingOfYear(surface, growth, growth.year).share < share;
    return yearOfWall(surface, growth, share) ?? (isLongPast() ? growth.year - YEARS_BACK : Infinity);
  });
  return { level, years: percentileInterval(years, level) };
}
