/** Whether groups scale differently: a power law for each, and the test that they share its exponent. */
import { suggestion } from "../../train/config/suggest.ts";
import { ScalingError } from "../scaling-error.ts";
import { distributions, type Distributions } from "./distributions.ts";
import {
  fitLine, leastSquaresRemainder, leverageAt, momentsOf, pooledMoments, sharedSlopeFit, valueAt, type Line, type LineMethod, type Moments,
} from "./line.ts";
import type { SlopePoint } from "./points.ts";

/** Points that a line needs: two fix it, a third shows its scatter. */
export const LEAST_POINTS = 3;

/** A fitted point whose leverage comes so near to 1 has fixed the slope alone. */
const NO_FREEDOM = 1e-9;

/** How groups are compared. */
export interface SlopeOptions {
  /** Which line is drawn; `ols` unless given. */
  readonly method?: LineMethod;
  /** Whether all groups have one slope, and intercepts of their own. */
  readonly shared?: boolean;
  /** Names of points that no line is fitted to; their residuals are told all the same. */
  readonly without?: readonly string[];
  /** The share of points that a prediction band is to cover, and of the slopes' intervals; 0.95 unless given. */
  readonly level?: number;
}

/** A slope with its interval. */
export interface SlopeEstimate {
  readonly slope: number;
  readonly standardError: number;
  readonly intercept: number;
  readonly interval: readonly [number, number];
}

/** ln y = intercept + slope·ln x of one group; standard errors, deviation and residuals are in natural logarithms. */
export interface GroupSlope extends SlopeEstimate {
  readonly name: string;
  readonly r2: number;
  readonly n: number;
  readonly interceptStandardError: number;
  /** Standard deviation about the line. */
  readonly residualDeviation: number;
  readonly degreesOfFreedom: number;
  /** Both lines, whichever was asked for. */
  readonly leastSquares: SlopeEstimate;
  readonly reducedMajorAxis: SlopeEstimate;
}

/** How far a point lies from the line of its group. */
export interface SlopeResidual {
  readonly name: string;
  readonly group: string;
  readonly x: number;
  readonly y: number;
  /** What the line says of y. */
  readonly predicted: number;
  /** ln y − ln predicted */
  readonly residual: number;
  /**
   * The residual in its own standard deviations, which depend on how far x lies from the mean; infinite off a line without scatter,
   * and 0 of a point without which the slope could not be told, as where all others lie at one x.
   */
  readonly standardized: number;
  /** Whether y lies outside the prediction band. */
  readonly outside: boolean;
  /** Whether the line was fitted to this point too. */
  readonly fitted: boolean;
}

/** The F-test that all groups have one slope (analysis of covariance, least squares). */
export interface EqualSlopes {
  readonly F: number;
  readonly df: readonly [number, number];
  /** Probability of such an F where the slopes are equal. */
  readonly p: number;
}

/** A group to which no line could be fitted. */
export interface GroupLeftOut {
  readonly name: string;
  readonly n: number;
  readonly reason: string;
}

/** What {@link compareSlopes} finds. */
export interface SlopeComparison {
  readonly method: LineMethod;
  readonly shared: boolean;
  readonly level: number;
  readonly groups: readonly GroupSlope[];
  /** Null where there is one group, or no scatter against which to test. */
  readonly equalSlopes: EqualSlopes | null;
  /** The slope within groups if they share one; null where there is one group. */
  readonly common: Omit<SlopeEstimate, "intercept"> | null;
  /** In the order of the points. */
  readonly residuals: readonly SlopeResidual[];
  readonly leftOut: readonly GroupLeftOut[];
}

/** A line with its band, for drawing. */
export interface Band {
  readonly x: number;
  readonly y: number;
  readonly lower: number;
  readonly upper: number;
}

/** A comparison that can also be evaluated between and beyond the points. */
export interface SlopeAnalysis {
  readonly comparison: SlopeComparison;
  /** The line of a group and its prediction band at some x, in the units of the data. */
  predict(group: string, x: number): Band;
}

/**
 * Fits ln y = a + b·ln x to each group of points and tests whether the groups share b.
 *
 * Prediction bands are ŷ ± t·s·√(1 + 1/n + (x − x̄)²/Sxx), exact for least squares with normal scatter. For the reduced
 * major axis the same formula is used with the scatter about that line.
 *
 * @throws ScalingError when a name in `without` is not there, no group has three points at different x, or the level is no
 *   share
 */
export async function compareSlopes(points: readonly SlopePoint[], options: SlopeOptions = {}): Promise<SlopeAnalysis> {
  const { method = "ols", shared = false, without = [], level = 0.95 } = options;
  checkNames(without, points);
  const tables = await distributions();
  const isFitted = ({ name }: SlopePoint) => !without.includes(name);
  const { usable, leftOut } = sortGroups(points, isFitted);
  const moments = [...usable.values()];
  const fit = shared ? sharedSlopeFit(moments) : fitLine;
  const lines = new Map([...usable].map(([name, group]) => [name, bandedLine(fit(group, method), level, tables)]));
  const comparison: SlopeComparison = {
    method, shared, level,
    groups: [...usable].map(([name, group]) => describeGroup(name, fit(group, method), [fit(group, "ols"), fit(group, "rma")], level, tables)),
    equalSlopes: testEqualSlopes(moments, tables), common: commonSlope(moments, method, level, tables),
    residuals: points.flatMap((point) => {
      const line = lines.get(point.group);
      return line === undefined ? [] : [residualOf(point, line, isFitted(point))];
    }),
    leftOut,
  };
  return {
    comparison,
    predict: (group, x) => {
      const line = lines.get(group);
      if (line === undefined) throw new ScalingError(`There is no line for the group "${group}"; ${suggestion(group, lines.keys())}`);
      const [value, width] = [valueAt(line, Math.log(x)), line.halfWidth(Math.log(x))];
      return { x, y: Math.exp(value), lower: Math.exp(value - width), upper: Math.exp(value + width) };
    },
  };
}

/** A line with half the width of its prediction band at some x, all in logarithms. */
interface BandedLine extends Line {
  halfWidth(x: number): number;
}

function bandedLine(line: Line, level: number, tables: Distributions): BandedLine {
  const scatter = tables.intervalWidth(level, line.degreesOfFreedom) * line.residualDeviation;
  return { ...line, halfWidth: (x) => scatter * Math.sqrt(1 + leverageAt(line, x)) };
}

function checkNames(without: readonly string[], points: readonly SlopePoint[]): void {
  const names = new Set(points.map(({ name }) => name));
  const unknown = without.find((name) => !names.has(name));
  if (unknown === undefined) return;
  const near = names.size <= 20 ? suggestion(unknown, names) : suggestion(unknown, names).replace(/^the known ones are .*/, `there are ${names.size} names, such as "${[...names][0] ?? ""}".`);
  throw new ScalingError(`No point is named "${unknown}", so it cannot be left out; ${near}`);
}

/** The groups through which a line can be drawn, in the order in which they first appear, and the others. */
function sortGroups(points: readonly SlopePoint[], isFitted: (point: SlopePoint) => boolean): { usable: ReadonlyMap<string, Moments>; leftOut: GroupLeftOut[] } {
  const usable = new Map<string, Moments>();
  const leftOut: GroupLeftOut[] = [];
  for (const name of new Set(points.map(({ group }) => group))) {
    const members = points.filter((point) => point.group === name && isFitted(point));
    const moments = momentsOf(members.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) })));
    const reason = whyUnusable(moments);
    if (reason === undefined) usable.set(name, moments);
    else leftOut.push({ name, n: moments.n, reason });
  }
  const [first] = leftOut;
  if (usable.size === 0) {
    throw new ScalingError(first === undefined ? "No point is left to fit a line to."
      : `No line can be fitted: the group "${first.name}" has ${first.reason} (${first.n} in all), but a line and the scatter about it need at least ${LEAST_POINTS} points at different x.`);
  }
  return { usable, leftOut };
}

function whyUnusable({ n, sxx, meanX }: Moments): string | undefined {
  if (n < LEAST_POINTS) return `fewer than ${LEAST_POINTS} points`;
  const rounding = n * (Number.EPSILON * Math.max(1, Math.abs(meanX))) ** 2;
  return sxx <= rounding ? "all points at one x" : undefined;
}

function describeGroup(name: string, line: Line, both: readonly [Line, Line], level: number, tables: Distributions): GroupSlope {
  const { r2, n, interceptStandardError, residualDeviation, degreesOfFreedom } = line;
  const [leastSquares, reducedMajorAxis] = [slopeOf(both[0], level, tables), slopeOf(both[1], level, tables)];
  return { name, ...slopeOf(line, level, tables), r2, n, interceptStandardError, residualDeviation, degreesOfFreedom, leastSquares, reducedMajorAxis };
}

/**
 * A slope's interval: b ± t·SE by least squares; b·(√(1 + B) ± √B), B = t²·(SE/b)², by the reduced major axis
 * (Warton et al. 2006, "Bivariate line-fitting methods for allometry", Biol. Rev. 81).
 */
function slopeOf({ method, slope, standardError, intercept, degreesOfFreedom }: Line, level: number, tables: Distributions): SlopeEstimate {
  const width = tables.intervalWidth(level, degreesOfFreedom) * standardError;
  if (method === "ols" || slope === 0) return { slope, standardError, intercept, interval: [slope - width, slope + width] };
  const b = width / Math.abs(slope);
  const ends = [slope * (Math.hypot(1, b) - b), slope * (Math.hypot(1, b) + b)] as const;
  return { slope, standardError, intercept, interval: slope > 0 ? ends : [ends[1], ends[0]] };
}

function commonSlope(groups: readonly Moments[], method: LineMethod, level: number, tables: Distributions): SlopeComparison["common"] {
  const [first] = groups;
  if (first === undefined || groups.length < 2) return null;
  const { slope, standardError, interval } = slopeOf(sharedSlopeFit(groups)(first, method), level, tables);
  return { slope, standardError, interval };
}

function testEqualSlopes(groups: readonly Moments[], tables: Distributions): EqualSlopes | null {
  const pooled = pooledMoments(groups);
  const df = [groups.length - 1, pooled.n - 2 * groups.length] as const;
  const separate = groups.reduce((sum, group) => sum + leastSquaresRemainder(group), 0);
  const isExact = separate <= pooled.n * Number.EPSILON * pooled.syy;
  if (groups.length < 2 || isExact) return null;
  const F = Math.max(0, leastSquaresRemainder(pooled) - separate) / df[0] / (separate / df[1]);
  return { F, df, p: tables.exceedance(F, df) };
}

function residualOf(point: SlopePoint, line: BandedLine, fitted: boolean): SlopeResidual {
  const x = Math.log(point.x);
  const value = valueAt(line, x);
  const difference = Math.log(point.y) - value;
  // Of a line without scatter only rounding is left, which would look like deviations beyond measure.
  const residual = Math.abs(difference) <= 32 * Number.EPSILON * Math.max(1, Math.abs(value), Math.abs(line.intercept)) ? 0 : difference;
  // A fitted point has drawn the line towards itself, so its residual varies less than that of a new one.
  const leverage = leverageAt(line, x);
  const isUntold = residual === 0 || (fitted && 1 - leverage < NO_FREEDOM);
  const deviation = line.residualDeviation * Math.sqrt(fitted ? 1 - leverage : 1 + leverage);
  return { ...point, predicted: Math.exp(value), residual, standardized: isUntold ? 0 : residual / deviation, outside: Math.abs(residual) > line.halfWidth(x), fitted };
}
