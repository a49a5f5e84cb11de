/** Power laws of the best size and the best amount of data over compute: what Approaches 1 and 2 end in. */
import { percentileInterval } from "../../../metrics/quantile.ts";
import type { Interval } from "../../laws/law-file.ts";
import { leastSquares } from "../matrix.ts";

/** `N = kN · C^a` and `D = kD · C^b`. */
export interface Allocation {
  readonly a: number;
  readonly b: number;
  readonly kN: number;
  readonly kD: number;
}

/** What is best at a compute. */
export interface BestAtCompute {
  readonly flops: number;
  readonly parameters: number;
  readonly tokens: number;
}

/** Straight lines through the logarithms, by least squares; `squares` and `r2` are of log N. */
export function allocate(best: readonly BestAtCompute[]): Allocation & { readonly squares: number; readonly r2: number } {
  const flops = best.map((each) => each.flops);
  const sizes = line(flops, best.map(({ parameters }) => parameters));
  const tokens = line(flops, best.map((each) => each.tokens));
  return { a: sizes.slope, b: tokens.slope, kN: sizes.factor, kD: tokens.factor, squares: sizes.squares, r2: sizes.r2 };
}

function line(xs: readonly number[], ys: readonly number[]): { slope: number; factor: number; squares: number; r2: number } {
  const middle = xs.reduce((sum, x) => sum + Math.log(x), 0) / xs.length;
  const values = Float64Array.from(xs.flatMap((x) => [1, Math.log(x) - middle]));
  const target = Float64Array.from(ys, Math.log);
  const { coefficients: [height = NaN, slope = NaN], squares } = leastSquares({ values, rows: xs.length, columns: 2 }, target);
  const mean = target.reduce((sum, y) => sum + y, 0) / target.length;
  return { slope, factor: Math.exp(height - slope * middle), squares, r2: 1 - squares / target.reduce((sum, y) => sum + (y - mean) ** 2, 0) };
}

/** Of each figure of an allocation; none where no trainings were drawn anew, or none of the draws gave an allocation. */
export type AllocationIntervals = Readonly<Partial<Record<keyof Allocation, Interval>>>;

/** Percentile intervals of an allocation, from those of resampled trainings. */
export function allocationIntervals(draws: readonly Allocation[], level: number): AllocationIntervals {
  if (draws.length === 0) return {};
  const of = (name: keyof Allocation): Interval => percentileInterval(draws.map((draw) => draw[name]), level);
  return { a: of("a"), b: of("b"), kN: of("kN"), kD: of("kD") };
}
