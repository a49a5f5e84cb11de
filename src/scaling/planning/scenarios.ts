/** Walls over ranges of growth: how soon at the earliest, how late at the latest. */
import type { Estimate } from "./data-stock.ts";
import { trainingOfYear, yearOfReadOnce, yearOfWall, type Growth, type TrainingOfYear } from "./growth.ts";
import type { LossSurface } from "./loss-surface.ts";

/** Growth where each rate and the stock are known to a range. */
export interface GrowthRange {
  readonly year: number;
  readonly compute: number;
  readonly computeGrowth: Estimate;
  readonly stock: Estimate;
  readonly stockGrowth: Estimate;
  /** Different tokens that are added once, such as synthetic ones at their exchange rate. */
  readonly addedTokens?: number;
}

/** The wall at one rate of each growth; years are undefined where it is not met within a hundred years. */
export interface WallScenario {
  readonly computeGrowth: number;
  readonly stockGrowth: number;
  /** With the central stock. */
  readonly year: number | undefined;
  /** Of the training that meets it. */
  readonly compute: number | undefined;
  /** With the low stock and with the high one. */
  readonly range: readonly [number | undefined, number | undefined];
}

/** What a range of growth comes to. */
export interface WallForecast {
  /** All growth and the stock at their central values. */
  readonly central: TrainingOfYear | undefined;
  /** Compute grows fast, the stock slowly, and it is small. */
  readonly earliest: TrainingOfYear | undefined;
  /** Compute grows slowly, the stock fast, and it is large. */
  readonly latest: TrainingOfYear | undefined;
  /** When the best training reads every different token once, at central values. */
  readonly readOnce: number | undefined;
  /** Every pair of rates. */
  readonly scenarios: readonly WallScenario[];
  /** The largest training of each year at central values, from the first year to three years after the wall. */
  readonly timeline: readonly TrainingOfYear[];
}

/** How many years after the wall a timeline goes on, and how many it has where no wall is met. */
const YEARS_AFTER = 3;
const YEARS_WITHOUT = 20;

/** The wall over a range of growth. @param share see {@link yearOfWall} */
export function forecastWall(surface: LossSurface, range: GrowthRange, share: number): WallForecast {
  const central = centralGrowth(range);
  const wall = (growth: Growth): TrainingOfYear | undefined => {
    const year = yearOfWall(surface, growth, share);
    return year === undefined ? undefined : trainingOfYear(surface, growth, year);
  };
  const meeting = wall(central);
  const last = meeting === undefined ? range.year + YEARS_WITHOUT : Math.max(range.year, Math.ceil(meeting.year)) + YEARS_AFTER;
  const years = Array.from({ length: last - range.year + 1 }, (_, at) => range.year + at);
  return {
    central: meeting,
    earliest: wall(growthAt(range, "high", "low", "low")),
    latest: wall(growthAt(range, "low", "high", "high")),
    readOnce: yearOfReadOnce(surface, central),
    scenarios: pairs(range).map(([computeEnd, stockEnd]) => {
      const of = (stock: keyof Estimate): Growth => growthAt(range, computeEnd, stockEnd, stock);
      const met = wall(of("central"));
      return {
        computeGrowth: range.computeGrowth[computeEnd], stockGrowth: range.stockGrowth[stockEnd], year: met?.year, compute: met?.flops,
        range: [yearOfWall(surface, of("low"), share), yearOfWall(surface, of("high"), share)],
      };
    }),
    timeline: years.map((year) => trainingOfYear(surface, central, year)),
  };
}

/** Every rate of compute with every rate of the stock; equal ends stand once. */
function pairs({ computeGrowth, stockGrowth }: GrowthRange): [keyof Estimate, keyof Estimate][] {
  return endsOf(computeGrowth).flatMap((compute) => endsOf(stockGrowth).map((stock): [keyof Estimate, keyof Estimate] => [compute, stock]));
}

function endsOf({ low, central, high }: Estimate): (keyof Estimate)[] {
  return [...(low === central ? [] : ["low" as const]), "central", ...(high === central ? [] : ["high" as const])];
}

/** All growth and the stock at their central values. */
export function centralGrowth(range: GrowthRange): Growth {
  return growthAt(range, "central", "central", "central");
}

function growthAt(range: GrowthRange, compute: keyof Estimate, stockGrowth: keyof Estimate, stock: keyof Estimate): Growth {
  return {
    year: range.year, compute: range.compute, computeGrowth: range.computeGrowth[compute],
    stock: range.stock[stock], stockGrowth: range.stockGrowth[stockGrowth], addedTokens: range.addedTokens ?? 0,
  };
}
