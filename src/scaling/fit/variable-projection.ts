import { chinchilla, type ChinchillaParameter } from "../laws/chinchilla.ts";
import type { LawParameters } from "../laws/law.ts";
import type { Observation } from "../observation.ts";
import { minimise } from "./lbfgs.ts";
import { leastSquares } from "./matrix.ts";

/** Exponents at which the linear parts are solved before the search begins. */
const exponentGrid = Array.from({ length: 16 }, (_, at) => 0.02 * 1.36 ** at);
const descents = 4;

/**
 * Fits Chinchilla's law by least squares of the relative residuals, (predicted - measured) / measured, which are those of
 * the log-loss where they are small. For given exponents E, A and B follow by linear least squares, none below zero; the
 * search is over the two exponents alone (Golub and Pereyra 1973).
 *
 * @param tied whether both exponents are the same number
 */
export function projectChinchilla(observations: readonly Observation[], tied = false): LawParameters<ChinchillaParameter> {
  const problem = new Projection(observations);
  const spread = (logs: Float64Array): Float64Array => (tied ? Float64Array.of(logs[0] ?? 0, logs[0] ?? 0) : logs);
  const valueAt = (logs: Float64Array, gradient: Float64Array): number => {
    const { squares, byExponents } = problem.solve(spread(logs).map(Math.exp));
    // By the logarithms, with which the exponents stay positive.
    const [byAlpha, byBeta] = byExponents.map((slope, at) => slope * Math.exp(spread(logs)[at] ?? 0));
    if (tied) gradient[0] = (byAlpha ?? 0) + (byBeta ?? 0);
    else gradient.set([byAlpha ?? 0, byBeta ?? 0]);
    return squares;
  };
  const starts = tied ? exponentGrid.map((alpha) => [alpha]) : exponentGrid.flatMap((alpha) => exponentGrid.map((beta) => [alpha, beta]));
  const ranked = starts.map((start) => Float64Array.from(start, Math.log))
    .map((point) => ({ point, value: valueAt(point, new Float64Array(point.length)) })).sort((a, b) => a.value - b.value);
  const [best] = ranked.slice(0, descents).map(({ point }) => minimise(valueAt, point, { iterations: 500, tolerance: 1e-15 })).sort((a, b) => a.value - b.value);
  const [alpha = NaN, beta = NaN] = best === undefined ? [] : spread(best.point).map(Math.exp);
  const [E = NaN, A = NaN, B = NaN] = problem.solve(Float64Array.of(alpha, beta)).parts;
  return { E, A, B, alpha, beta } satisfies LawParameters<(typeof chinchilla.parameterNames)[number]>;
}

/** The linear problem in E, A and B at given exponents. N and D are taken relative to their geometric means, for the digits. */
class Projection {
  readonly #logN: Float64Array;
  readonly #logD: Float64Array;
  readonly #inverseLoss: Float64Array;
  readonly #middle: { readonly n: number; readonly d: number };

  constructor(observations: readonly Observation[]) {
    const logN = Float64Array.from(observations, ({ parameters }) => Math.log(parameters));
    const logD = Float64Array.from(observations, ({ tokens }) => Math.log(tokens));
    this.#middle = { n: mean(logN), d: mean(logD) };
    this.#logN = logN.map((value) => value - this.#middle.n);
    this.#logD = logD.map((value) => value - this.#middle.d);
    this.#inverseLoss = Float64Array.from(observations, ({ loss }) => 1 / loss);
  }

  /** E, A and B, the sum of squares that is left, and its derivatives by alpha and beta. */
  solve([alpha = NaN, beta = NaN]: Float64Array): { parts: readonly number[]; squares: number; byExponents: readonly number[] } {
    const rows = this.#inverseLoss.length;
    const values = new Float64Array(3 * rows);
    for (let row = 0; row < rows; row++) {
      const weight = this.#inverseLoss[row] ?? 0;
      values[3 * row] = weight;
      values[3 * row + 1] = weight * Math.exp(-alpha * (this.#logN[row] ?? 0));
      values[3 * row + 2] = weight * Math.exp(-beta * (this.#logD[row] ?? 0));
    }
    const parts = nonNegativeLeastSquares(values, rows);
    let [squares, byAlpha, byBeta] = [0, 0, 0];
    for (let row = 0; row < rows; row++) {
      const [ofSize, ofData] = [(parts[1] ?? 0) * (values[3 * row + 1] ?? 0), (parts[2] ?? 0) * (values[3 * row + 2] ?? 0)];
      const residual = (parts[0] ?? 0) * (values[3 * row] ?? 0) + ofSize + ofData - 1;
      squares += residual * residual;
      byAlpha -= 2 * residual * ofSize * (this.#logN[row] ?? 0);
      byBeta -= 2 * residual * ofData * (this.#logD[row] ?? 0);
    }
    const [E = 0, a = 0, b = 0] = parts;
    return { parts: [E, a * Math.exp(alpha * this.#middle.n), b * Math.exp(beta * this.#middle.d)], squares, byExponents: [byAlpha, byBeta] };
  }
}

const subsets = [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]] as const;

/** Three coefficients, none below zero, that bring the columns' sum nearest to ones: the best of those subsets whose own solution has no negative part. */
function nonNegativeLeastSquares(values: Float64Array, rows: number): Float64Array {
  const ones = new Float64Array(rows).fill(1);
  let best = { parts: new Float64Array(3), squares: Infinity };
  for (const columns of subsets) {
    const chosen = Float64Array.from({ length: rows * columns.length }, (_, at) => values[3 * Math.floor(at / columns.length) + (columns[at % columns.length] ?? 0)] ?? 0);
    const { coefficients, squares } = leastSquares({ values: chosen, rows, columns: columns.length }, ones);
    if (coefficients.some((value) => value < 0) || squares >= best.squares) continue;
    const parts = new Float64Array(3);
    columns.forEach((column, at) => (parts[column] = coefficients[at] ?? 0));
    best = { parts, squares };
    if (columns.length === 3) break;
  }
  return best.parts;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
