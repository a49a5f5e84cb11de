/** A training planned: how large, how long, what to expect, and what limits it. */
import type { Interval } from "../laws/law-file.ts";
import type { Scale } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import { stockWithSynthetic, type SyntheticData } from "./exchange-rate.ts";
import { lossSurface, type LossSurface } from "./loss-surface.ts";
import { bestTraining, flatRange, type ExpectedTraining } from "./optimum.ts";
import { bestServed, cheapestServed, served, type ServedTraining } from "./serving.ts";
import { planIntervals, type FittedRange, type PlanIntervals, type PlanningLaw } from "./uncertainty.ts";
import { computeIfUnlimited, dataWall, type DataWall, type WallTerms } from "./wall.ts";

/** What is to be planned. */
export interface PlanRequest extends WallTerms {
  /** C in floating-point operations, spent as 6·N·D. */
  readonly compute: number;
  /** U, different tokens of real data; without end where left out. */
  readonly uniqueTokens?: number;
  readonly synthetic?: SyntheticData;
  /** T, tokens that the model will read and write when it is used. */
  readonly inferenceTokens?: number;
}

/** A plan and what a researcher asks about it next. */
export interface TrainingPlan {
  /** The training to run: the best of its compute, or where tokens are served, the cheapest over both of that loss. */
  readonly training: ExpectedTraining;
  /** Undefined where it is not known how sure the law is. */
  readonly intervals: PlanIntervals | undefined;
  /** The sizes whose loss lies within {@link FLAT_TOLERANCE} of the lowest that this compute reaches. */
  readonly flat: Interval;
  /** The best training of twice the compute. */
  readonly doubled: ExpectedTraining;
  /** Where the data is limited: what it costs, and where its wall is. */
  readonly data: DataLimits | undefined;
  readonly serving: ServingPlan | undefined;
  /** Where synthetic data is used: the best training and the wall without it. */
  readonly withoutSynthetic: { readonly training: ExpectedTraining; readonly wall: DataWall } | undefined;
  /** How many times the planned training exceeds the largest that the law was fitted to, or falls below the smallest. */
  readonly extrapolation: { readonly range: FittedRange; readonly parameters: number; readonly tokens: number } | undefined;
}

export interface DataLimits {
  /** What the tokens there are count for, the synthetic ones at their exchange rate. */
  readonly stock: number;
  /** The best training of the compute if data had no end. */
  readonly unlimited: ExpectedTraining;
  /** The compute that would reach the plan's loss if every token were new. */
  readonly computeIfUnlimited: number;
  readonly wall: DataWall;
}

/** Trainings of one quality or one price, training and serving counted together. */
export interface ServingPlan {
  /** The best training of the compute, which is what others are compared with. */
  readonly trainingOptimal: ServedTraining;
  /** Of the same loss, the least total. */
  readonly cheapest: ServedTraining;
  /** Of the same total, the lowest loss. */
  readonly best: ServedTraining;
}

export const FLAT_TOLERANCE = 0.001;

/**
 * Plans a training under a law.
 *
 * @example
 * const { training } = planTraining(publishedPlanningLaw("muennighoff-2023"), { compute: 1e22, uniqueTokens: 25e9 });
 * @throws ScalingError when the law cannot share compute between parameters and tokens, or the compute pays for nothing
 */
export function planTraining(law: PlanningLaw, request: PlanRequest): TrainingPlan {
  const { compute, uniqueTokens = Infinity, synthetic, inferenceTokens } = request;
  if (synthetic !== undefined && uniqueTokens === Infinity) {
    throw new ScalingError("Synthetic data changes nothing while real data has no end; say how many different real tokens there are.");
  }
  const surface = lossSurface(law);
  const stock = synthetic === undefined ? uniqueTokens : stockWithSynthetic(uniqueTokens, synthetic);
  const budget = { compute, uniqueTokens: stock };
  const optimal = bestTraining(surface, budget);
  const serving = inferenceTokens === undefined ? undefined : servingPlan(surface, optimal, inferenceTokens, stock);
  const planned = serving?.cheapest ?? optimal;
  const training = { ...planned, epochs: Math.max(1, planned.tokens / (uniqueTokens + (synthetic?.tokens ?? 0))) };
  return {
    training, serving,
    intervals: planIntervals(law, { parameters: training.parameters, tokens: training.tokens, uniqueTokens: stock }, budget),
    flat: flatRange(surface, budget, FLAT_TOLERANCE),
    doubled: bestTraining(surface, { compute: 2 * compute, uniqueTokens: stock }),
    data: stock === Infinity ? undefined : {
      stock, unlimited: bestTraining(surface, { compute }), computeIfUnlimited: computeIfUnlimited(surface, training.loss), wall: dataWall(surface, stock, request),
    },
    withoutSynthetic: synthetic === undefined ? undefined : { training: bestTraining(surface, { compute, uniqueTokens }), wall: dataWall(surface, uniqueTokens, request) },
    extrapolation: extrapolationOf(training, law.range),
  };
}

function servingPlan(surface: LossSurface, optimal: ExpectedTraining, inferenceTokens: number, uniqueTokens: number): ServingPlan {
  const trainingOptimal = served(optimal, inferenceTokens);
  return {
    trainingOptimal,
    cheapest: cheapestServed(surface, { loss: optimal.loss, inferenceTokens, uniqueTokens }),
    best: bestServed(surface, trainingOptimal.totalFlops, { inferenceTokens, uniqueTokens }),
  };
}

function extrapolationOf({ parameters, tokens }: Scale, range: FittedRange | undefined): TrainingPlan["extrapolation"] {
  if (range === undefined) return undefined;
  const beyond = { parameters: outside(parameters, range.parameters), tokens: outside(tokens, range.tokens) };
  return beyond.parameters === 1 && beyond.tokens === 1 ? undefined : { range, ...beyond };
}

/** Above 1 by how many times a value exceeds an interval, below 1 where it falls short of it, and 1 inside. */
function outside(value: number, [low, high]: Interval): number {
  return value > high ? value / high : value < low ? value / low : 1;
}
