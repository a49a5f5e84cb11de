/** What synthetic tokens are worth: their exchange rate to real ones, and how trainings tell it. */
import { lowestBetween } from "../golden-section.ts";
import type { FittedLaw } from "../laws/published.ts";
import type { Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import { distributions } from "../slopes/distributions.ts";
import { observationsOf } from "../table/observations.ts";
import { readTable } from "../table/table.ts";
import { lossSurface } from "./loss-surface.ts";
import { bisect } from "./root.ts";

/** Synthetic data beside a stock of real data. */
export interface SyntheticData {
  /** S, different synthetic tokens. */
  readonly tokens: number;
  /** q, how many different real tokens a synthetic one is worth, above 0 and at most 1. */
  readonly exchangeRate: number;
}

/** A training on real and synthetic data. */
export interface SyntheticRun extends Observation {
  /** Different real tokens. */
  readonly uniqueTokens: number;
  /** Different synthetic tokens. */
  readonly syntheticTokens: number;
}

/** An exchange rate and how sure it is. */
export interface ExchangeRate {
  /** q of the greatest likelihood, from 0 to 1. */
  readonly rate: number;
  readonly interval: readonly [low: number, high: number];
  /** The share of cases in which the interval is to hold the true rate. */
  readonly level: number;
  /** Standard deviation of ln(measured loss / expected loss), with one degree of freedom spent. */
  readonly deviation: number;
  /** Mean of the same: far from 0 where the law does not describe these trainings. */
  readonly bias: number;
  readonly points: number;
}

/**
 * The stock that real and synthetic tokens are worth together: `U + q·S`. Of a synthetic token q counts as new; the rest
 * of it repeats what is there.
 */
export function stockWithSynthetic(uniqueTokens: number, { tokens, exchangeRate }: SyntheticData): number {
  return uniqueTokens + exchangeRate * tokens;
}

/**
 * Reads trainings on synthetic data: a table as `decade scale fit` reads it, with columns `unique_tokens` and `synthetic_tokens`.
 *
 * @throws ScalingError when the file, a column or a cell is not as expected
 */
export async function readSyntheticRuns(path: string): Promise<SyntheticRun[]> {
  const table = await readTable(path);
  const [unique, synthetic] = [table.column("unique_tokens"), table.column("synthetic_tokens")];
  const observations = observationsOf(table, { uniqueTokens: unique });
  return table.rows.flatMap((row, at) => {
    const observation = observations[at];
    const syntheticTokens = table.number(row, synthetic);
    if (syntheticTokens < 0) throw new ScalingError(`${table.place(row, synthetic)} holds ${syntheticTokens}, but an amount of at least 0 was expected.`);
    return observation === undefined ? [] : [{ ...observation, uniqueTokens: table.positive(row, unique), syntheticTokens }];
  });
}

/** Rates at which the likelihood is looked at before its greatest value is closed in on. */
const GRID = 200;

/**
 * The exchange rate under which trainings are likeliest, when their losses scatter log-normally around a law. The
 * interval holds the rates that a likelihood-ratio test does not reject, with the threshold of Student's t, which is
 * exact where the law is linear in the rate.
 *
 * @param level of the interval, such as 0.9
 * @throws ScalingError when there are fewer than three trainings, or none has synthetic tokens
 */
export async function fitExchangeRate(fitted: FittedLaw, runs: readonly SyntheticRun[], level: number): Promise<ExchangeRate> {
  if (runs.length < 3 || runs.every(({ syntheticTokens }) => syntheticTokens === 0)) {
    throw new ScalingError(`${runs.length} trainings, ${runs.filter(({ syntheticTokens }) => syntheticTokens > 0).length} of them with synthetic tokens, do not tell what these are worth; at least three are needed, and one with synthetic tokens.`);
  }
  const surface = lossSurface(fitted);
  const residualsAt = (rate: number): number[] => runs.map(({ loss, parameters, tokens, uniqueTokens, syntheticTokens }) => {
    const stock = stockWithSynthetic(uniqueTokens, { tokens: syntheticTokens, exchangeRate: rate });
    return Math.log(loss / surface.loss({ parameters, tokens, uniqueTokens: stock }));
  });
  const squares = (rate: number): number => residualsAt(rate).reduce((sum, residual) => sum + residual ** 2, 0);
  const rate = leastOn(squares);
  const residuals = residualsAt(rate);
  const freedom = runs.length - 1;
  const { intervalWidth } = await distributions();
  const most = squares(rate) * (1 + intervalWidth(level, freedom) ** 2 / freedom);
  return {
    rate, level, points: runs.length,
    interval: [farthest(squares, most, rate, 0), farthest(squares, most, rate, 1)],
    deviation: Math.sqrt(squares(rate) / freedom),
    bias: residuals.reduce((sum, residual) => sum + residual, 0) / runs.length,
  };
}

/** Where a function on [0, 1] is least: the best of a grid, then golden sections between its neighbours; an end, where that is no worse. */
function leastOn(f: (x: number) => number): number {
  const values = Array.from({ length: GRID + 1 }, (_, at) => f(at / GRID));
  const best = values.indexOf(Math.min(...values));
  const inside = lowestBetween(f, Math.max(0, best - 1) / GRID, Math.min(GRID, best + 1) / GRID);
  return [0, 1].reduce((least, end) => (f(end) <= f(least) ? end : least), inside);
}

/** From the least place towards an end, how far a function stays below a bound. */
function farthest(f: (x: number) => number, bound: number, from: number, end: number): number {
  if (f(end) <= bound) return end;
  const share = bisect((way) => f(from + way * (end - from)) - bound, 0, 1);
  return from + share * (end - from);
}
