import { fillIntegers } from "../../../metrics/counter-random.ts";
import { chinchilla, chinchillaOptimum, growthExponents, type ChinchillaParameter } from "../../laws/chinchilla.ts";
import type { LawParameters } from "../../laws/law.ts";
import { flopsOf, type Observation } from "../../observation.ts";
import { ScalingError } from "../../scaling-error.ts";
import { leastSquares } from "../matrix.ts";
import { allocate, allocationIntervals, type Allocation, type AllocationIntervals, type BestAtCompute } from "./power-fit.ts";

/** Trainings belong to one compute when theirs is at most this much above the group's smallest. */
const sameCompute = 1.2;

/** Trainings of one compute, and the parabola of their loss over log N. */
export interface Valley extends BestAtCompute {
  readonly trainings: readonly Observation[];
  /** Of the parabola at its minimum. */
  readonly loss: number;
  /** `loss + curvature (log N - log parameters)²` is the parabola. */
  readonly curvature: number;
  /** Whether the minimum lies between the smallest and the largest size that were trained. */
  readonly isInside: boolean;
}

/** What Approach 2 finds. */
export interface IsoflopFit {
  readonly allocation: Allocation;
  readonly intervals: AllocationIntervals;
  /** Least squares of log N over the valleys' minima. */
  readonly objective: number;
  readonly r2: number;
  readonly valleys: readonly Valley[];
  /** Trainings whose compute has too few sizes for a parabola, or whose parabola has no minimum. */
  readonly leftOut: number;
}

/**
 * Approach 2 of Hoffmann et al. 2022, section 3.2: for each compute a parabola of the loss over log N, and one over log D,
 * and power laws through their minima.
 *
 * @param level of the intervals, from trainings drawn anew within each compute
 * @throws ScalingError when fewer than two computes have three sizes each and a minimum
 */
export function fitIsoflops(observations: readonly Observation[], { level, repetitions, seed }: { readonly level: number; readonly repetitions: number; readonly seed: number }): IsoflopFit {
  const groups = byCompute(observations);
  const valleys = groups.flatMap((group) => valley(group) ?? []);
  if (valleys.length < 2) {
    throw new ScalingError(`Approach 2 needs at least two computes with three sizes or more and a smallest loss among them, but ${valleys.length === 1 ? "there is one" : "there is none"} among ${groups.length} computes of ${observations.length} trainings; add trainings on an IsoFLOP grid, or use --approach 3.`);
  }
  const { squares, r2, ...allocation } = allocate(valleys);
  const draws = Array.from({ length: repetitions }, (_, draw) => valleys.flatMap(({ trainings }, at) => valley(resample(trainings, seed, draw * valleys.length + at)) ?? []))
    .filter((drawn) => drawn.length >= 2).map(allocate);
  const used = valleys.reduce((sum, { trainings }) => sum + trainings.length, 0);
  return { allocation, intervals: allocationIntervals(draws, level), objective: squares, r2, valleys, leftOut: observations.length - used };
}

/** Groups of about the same compute, in its order. */
function byCompute(observations: readonly Observation[]): Observation[][] {
  const groups: Observation[][] = [];
  for (const observation of [...observations].sort((a, b) => flopsOf(a) - flopsOf(b))) {
    const group = groups.at(-1);
    const first = group?.[0];
    if (group !== undefined && first !== undefined && flopsOf(observation) <= sameCompute * flopsOf(first)) group.push(observation);
    else groups.push([observation]);
  }
  return groups;
}

function valley(trainings: readonly Observation[]): Valley | undefined {
  const losses = trainings.map(({ loss }) => loss);
  const sizes = parabola(trainings.map(({ parameters }) => parameters), losses);
  const tokens = parabola(trainings.map((each) => each.tokens), losses);
  if (sizes === undefined || tokens === undefined) return undefined;
  const flops = Math.exp(trainings.reduce((sum, each) => sum + Math.log(flopsOf(each)), 0) / trainings.length);
  return { trainings, flops, parameters: sizes.x, tokens: tokens.x, loss: sizes.y, curvature: sizes.curvature, isInside: sizes.isInside };
}

/** The minimum of the parabola through y over log x; undefined where there are fewer than three x, or it opens downwards. */
function parabola(xs: readonly number[], ys: readonly number[]): { x: number; y: number; curvature: number; isInside: boolean } | undefined {
  if (new Set(xs).size < 3) return undefined;
  const logs = xs.map(Math.log);
  const middle = logs.reduce((sum, x) => sum + x, 0) / logs.length;
  const values = Float64Array.from(logs.flatMap((x) => [1, x - middle, (x - middle) ** 2]));
  const { coefficients: [height = NaN, slope = NaN, curvature = NaN] } = leastSquares({ values, rows: xs.length, columns: 3 }, Float64Array.from(ys));
  if (!(curvature > 0)) return undefined;
  const place = middle - slope / (2 * curvature);
  const isInside = place >= Math.min(...logs) && place <= Math.max(...logs);
  return { x: Math.exp(place), y: height - slope ** 2 / (4 * curvature), curvature, isInside };
}

function resample(trainings: readonly Observation[], seed: number, stream: number): Observation[] {
  const picks = new Uint32Array(trainings.length);
  fillIntegers(picks, trainings.length, seed, stream);
  return Array.from(picks).flatMap((pick) => trainings[pick] ?? []);
}

/** How Approach 2 errs on losses without noise. */
export interface IsoflopBias {
  /** The law's own exponents: `a = beta / (alpha + beta)`, `b = alpha / (alpha + beta)`. */
  readonly closedForm: Pick<Allocation, "a" | "b">;
  /** What Approach 2 makes of the law's losses at the same sizes and tokens. */
  readonly recovered: Pick<Allocation, "a" | "b">;
  /** For each compute, the size at the parabola's minimum over the size that is best by the law. */
  readonly sizeRatios: readonly number[];
}

/**
 * The bias of Approach 2: a valley of Chinchilla's law is no parabola, so that its minimum is missed by more the wider and
 * the less centred the trainings lie. The law's losses are put in the place of the measured ones.
 */
export function isoflopBias(law: LawParameters<ChinchillaParameter>, { valleys }: IsoflopFit): IsoflopBias | undefined {
  const exact = valleys.map(({ trainings }) => valley(trainings.map((each) => ({ ...each, loss: chinchilla.loss(law, each) }))));
  const found = exact.filter((each) => each !== undefined);
  if (found.length < 2) return undefined;
  const { a, b } = allocate(found);
  return {
    closedForm: growthExponents(law), recovered: { a, b },
    sizeRatios: found.map(({ flops, parameters }) => parameters / chinchillaOptimum(law, flops).parameters),
  };
}
