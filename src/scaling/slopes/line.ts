/** Straight lines through the logarithms of two quantities, and how certain they are. */

/** Sums of squares and products about the means, from which every line follows. */
export interface Moments {
  readonly n: number;
  readonly meanX: number;
  readonly meanY: number;
  /** Σ(x − x̄)² */
  readonly sxx: number;
  /** Σ(x − x̄)(y − ȳ) */
  readonly sxy: number;
  /** Σ(y − ȳ)² */
  readonly syy: number;
}

/** How a line is drawn through points: ordinary least squares of y on x, or the reduced (standardised) major axis. */
export type LineMethod = "ols" | "rma";

/** y = intercept + slope·x, with what its bands need. */
export interface Line {
  readonly method: LineMethod;
  readonly slope: number;
  readonly intercept: number;
  /** Standard error of the slope. */
  readonly standardError: number;
  readonly interceptStandardError: number;
  /** Share of the variance of y about its mean that the line explains; NaN where y does not vary. */
  readonly r2: number;
  readonly n: number;
  /** Standard deviation of y about the line, in units of y. */
  readonly residualDeviation: number;
  readonly degreesOfFreedom: number;
  readonly meanX: number;
  /** Σ(x − x̄)² on which the slope rests: of one group, or of all when they share the slope. */
  readonly slopeSxx: number;
}

/** Moments of points; taken about the means in a second pass, so that large means cost no digits. */
export function momentsOf(points: readonly { readonly x: number; readonly y: number }[]): Moments {
  const n = points.length;
  const [meanX, meanY] = [meanOf(points.map(({ x }) => x)), meanOf(points.map(({ y }) => y))];
  let [sxx, sxy, syy] = [0, 0, 0];
  for (const { x, y } of points) {
    sxx += (x - meanX) ** 2;
    sxy += (x - meanX) * (y - meanY);
    syy += (y - meanY) ** 2;
  }
  return { n, meanX, meanY, sxx, sxy, syy };
}

/** The mean; of equal values the value itself, so that rounding is not taken for scatter. */
function meanOf(values: readonly number[]): number {
  const [first = NaN] = values;
  return values.every((value) => value === first) ? first : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The moments of all groups about each group's own means. */
export function pooledMoments(groups: readonly Moments[]): Pick<Moments, "n" | "sxx" | "sxy" | "syy"> {
  const total = (part: "n" | "sxx" | "sxy" | "syy") => groups.reduce((sum, group) => sum + group[part], 0);
  return { n: total("n"), sxx: total("sxx"), sxy: total("sxy"), syy: total("syy") };
}

/**
 * The line through one group of at least three points.
 *
 * The slope is Sxy/Sxx by least squares and ±√(Syy/Sxx) by the reduced major axis, whose standard error is that of least
 * squares (Rayner 1985, "Linear relations in biomechanics", J. Zool. 206).
 */
export function fitLine(moments: Moments, method: LineMethod): Line {
  return lineOf(moments, moments, moments.n - 2, method);
}

/**
 * How lines are fitted to groups that share one slope, each with an intercept of its own: analysis of covariance.
 *
 * The slope follows from the sums of squares and products within groups, by either method.
 */
export function sharedSlopeFit(groups: readonly Moments[]): typeof fitLine {
  const pooled = pooledMoments(groups);
  return (group, method) => lineOf(group, pooled, pooled.n - groups.length - 1, method);
}

/** Σ(y − ŷ)² of least squares with one slope. */
export function leastSquaresRemainder({ sxx, sxy, syy }: Pick<Moments, "sxx" | "sxy" | "syy">): number {
  return Math.max(0, syy - sxy * sxy / sxx);
}

/** @param within what the slope and the scatter rest on: the group's own moments, or those pooled over groups */
function lineOf(group: Moments, within: Pick<Moments, "sxx" | "sxy" | "syy">, degreesOfFreedom: number, method: LineMethod): Line {
  const slope = method === "ols" ? within.sxy / within.sxx : Math.sign(within.sxy) * Math.sqrt(within.syy / within.sxx);
  const variance = Math.max(0, remainder(within, slope)) / degreesOfFreedom;
  const slopeVariance = leastSquaresRemainder(within) / degreesOfFreedom / within.sxx;
  return {
    method, slope, intercept: group.meanY - slope * group.meanX,
    standardError: Math.sqrt(slopeVariance),
    interceptStandardError: Math.sqrt(variance / group.n + group.meanX ** 2 * slopeVariance),
    r2: 1 - remainder(group, slope) / group.syy,
    n: group.n, residualDeviation: Math.sqrt(variance), degreesOfFreedom, meanX: group.meanX, slopeSxx: within.sxx,
  };
}

/** Σ(y − ŷ)² about a line of some slope through the means. */
function remainder({ sxx, sxy, syy }: Pick<Moments, "sxx" | "sxy" | "syy">, slope: number): number {
  return syy - 2 * slope * sxy + slope * slope * sxx;
}

/** The line's value at x. */
export function valueAt({ slope, intercept }: Line, x: number): number {
  return intercept + slope * x;
}

/**
 * The leverage of x: how much of the scatter the line itself carries there, 1/n + (x − x̄)²/Sxx.
 */
export function leverageAt({ n, meanX, slopeSxx }: Line, x: number): number {
  return 1 / n + (x - meanX) ** 2 / slopeSxx;
}
