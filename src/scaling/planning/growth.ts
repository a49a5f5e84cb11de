/** When the data runs out: the largest training and the stock of data, each growing by its rate, until the wall is met. */
import type { LossSurface } from "./loss-surface.ts";
import { bestTraining, type ExpectedTraining } from "./optimum.ts";
import { bisect } from "./root.ts";
import { DEFAULT_SHARE, shareOfReturns } from "./wall.ts";

/** How compute and data grow. */
export interface Growth {
  /** The year in which compute and stock are as given. */
  readonly year: number;
  /** Floating-point operations of the largest training of that year. */
  readonly compute: number;
  /** By how many times compute grows in a year, above 1. */
  readonly computeGrowth: number;
  /** Different tokens of that year. */
  readonly stock: number;
  /** By what share the stock grows in a year, such as 0.05. */
  readonly stockGrowth: number;
  /** What is added to the stock that does not grow with it, in different tokens; 0 where left out. */
  readonly addedTokens?: number;
}

/** The largest training of a year. */
export interface TrainingOfYear extends ExpectedTraining {
  readonly year: number;
  /** Different tokens there are. */
  readonly stock: number;
  /** The loss that the same compute would reach if every token were new. */
  readonly unlimitedLoss: number;
  /** What the next doubling of compute brings, as a share of what it would bring with unlimited data. */
  readonly share: number;
}

/** Years before and after the first between which walls are looked for, while the compute is one that a law can speak of. */
export const YEARS_BACK = 30;
const YEARS_AHEAD = 100;
const LEAST_COMPUTE = 1e9;
const MOST_COMPUTE = 1e60;

/** The largest training of a year, which may be a fraction. */
export function trainingOfYear(surface: LossSurface, growth: Growth, year: number): TrainingOfYear {
  const { compute, stock } = amountsOf(growth, year);
  const training = bestTraining(surface, { compute, uniqueTokens: stock });
  const unlimitedLoss = bestTraining(surface, { compute }).loss;
  return { ...training, year, stock, unlimitedLoss, share: shareOfReturns(surface, compute, stock) };
}

/**
 * The year in which the largest training meets the wall: from then on the next doubling of compute brings less than a
 * share of what unlimited data would give.
 *
 * @returns undefined when it does not within a hundred years, or did more than thirty years before
 */
export function yearOfWall(surface: LossSurface, growth: Growth, share = DEFAULT_SHARE): number | undefined {
  return crossing(growth, (year) => {
    const { compute, stock } = amountsOf(growth, year);
    return share - shareOfReturns(surface, compute, stock);
  });
}

/** The year in which the best training would read every different token once; undefined as for {@link yearOfWall}. */
export function yearOfReadOnce(surface: LossSurface, growth: Growth): number | undefined {
  return crossing(growth, (year) => {
    const { compute, stock } = amountsOf(growth, year);
    return Math.log(bestTraining(surface, { compute }).tokens / stock);
  });
}

function crossing({ year, compute, computeGrowth }: Growth, increasing: (year: number) => number): number | undefined {
  const yearsTo = (amount: number): number => Math.log(amount / compute) / Math.log(computeGrowth);
  const [first, last] = [year + Math.max(-YEARS_BACK, yearsTo(LEAST_COMPUTE)), year + Math.min(YEARS_AHEAD, yearsTo(MOST_COMPUTE))];
  if (first >= last || increasing(first) > 0 || increasing(last) < 0) return undefined;
  return bisect(increasing, first, last);
}

function amountsOf(growth: Growth, year: number): { compute: number; stock: number } {
  const years = year - growth.year;
  return {
    compute: growth.compute * growth.computeGrowth ** years,
    stock: growth.stock * (1 + growth.stockGrowth) ** years + (growth.addedTokens ?? 0),
  };
}
