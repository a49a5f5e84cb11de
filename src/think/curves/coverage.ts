/**
 * How coverage, the probability that one of k draws is right, grows with k. For one problem, solved with probability p,
 * what is missing falls exponentially: (1 − p)^k. Over many problems −ln(coverage) falls as a power of k (Brown et al. 2024,
 * equation 2), which their many small p bring about: where p follows a Beta distribution, its exponent is −α (Schaeffer et
 * al. 2025, "How Do Large Language Monkeys Get Their Power (Laws)?").
 */
import { minimise } from "../../scaling/fit/lbfgs.ts";

export interface CoveragePoint {
  readonly k: number;
  /** From 0 to 1. */
  readonly coverage: number;
}

/** coverage(k) = exp(−scale · k^exponent) */
export interface CoveragePower {
  readonly scale: number;
  /** Below 0 where more draws help. */
  readonly exponent: number;
  /** Of ln(−ln coverage) against ln k. */
  readonly r2: number;
}

/** By least squares in ln(−ln coverage); `undefined` with fewer than two points strictly between 0 and 1. */
export function fitCoveragePower(points: readonly CoveragePoint[]): CoveragePower | undefined {
  const inside = points.filter(({ coverage }) => coverage > 0 && coverage < 1);
  if (inside.length < 2) return undefined;
  const [x, y] = [inside.map(({ k }) => Math.log(k)), inside.map(({ coverage }) => Math.log(-Math.log(coverage)))];
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  const products = (a: readonly number[], b: readonly number[], aMean: number, bMean: number): number => (
    a.reduce((sum, value, at) => sum + (value - aMean) * ((b[at] ?? NaN) - bMean), 0));
  const [xx, xy, yy] = [products(x, x, meanX, meanX), products(x, y, meanX, meanY), products(y, y, meanY, meanY)];
  if (xx === 0) return undefined;
  const exponent = xy / xx;
  return { scale: Math.exp(meanY - exponent * meanX), exponent, r2: yy === 0 ? 1 : xy ** 2 / (xx * yy) };
}

/** Coverage of one problem that a draw solves with this probability. */
export function coverageOfProblem(probability: number, k: number): number {
  return 1 - (1 - probability) ** k;
}

/** Parameters of a Beta distribution of the probabilities with which problems are solved. */
export interface BetaProbabilities {
  readonly alpha: number;
  readonly beta: number;
}

/** E[1 − (1 − p)^k] = 1 − B(α, β + k)/B(α, β), for whole k a product. */
export function betaCoverage({ alpha, beta }: BetaProbabilities, k: number): number {
  let missing = 1;
  for (let draw = 0; draw < k; draw++) missing *= (beta + draw) / (alpha + beta + draw);
  return 1 - missing;
}

/** Draws of a problem, and how many of them were right. */
export interface SolvedDraws {
  readonly drawn: number;
  readonly correct: number;
}

/** Where problems are all alike, α and β run off together; beyond this the distribution is a point for all purposes. */
const LARGEST = 1e6;

/** Of greatest likelihood, for counts from a beta-binomial distribution; `undefined` where no draw, or every draw, was right. */
export function fitBeta(problems: readonly SolvedDraws[]): BetaProbabilities | undefined {
  const [drawn, correct] = [problems.reduce((sum, each) => sum + each.drawn, 0), problems.reduce((sum, each) => sum + each.correct, 0)];
  if (correct === 0 || correct === drawn) return undefined;
  const share = correct / drawn;
  const { point } = minimise((logs, gradient) => {
    const [alpha, beta] = [Math.exp(logs[0] ?? 0), Math.exp(logs[1] ?? 0)];
    if (!(alpha < LARGEST && beta < LARGEST)) return Infinity;
    return negativeLogLikelihood(problems, alpha, beta, gradient);
  }, Float64Array.of(Math.log(share), Math.log(1 - share)));
  return { alpha: Math.exp(point[0] ?? 0), beta: Math.exp(point[1] ?? 0) };
}

/** Up to a constant; the gradient is with respect to ln α and ln β. */
function negativeLogLikelihood(problems: readonly SolvedDraws[], alpha: number, beta: number, gradient: Float64Array): number {
  let [value, byAlpha, byBeta] = [0, 0, 0];
  for (const { drawn, correct } of problems) {
    for (let draw = 0; draw < correct; draw++) {
      value -= Math.log(alpha + draw);
      byAlpha -= 1 / (alpha + draw);
    }
    for (let draw = 0; draw < drawn - correct; draw++) {
      value -= Math.log(beta + draw);
      byBeta -= 1 / (beta + draw);
    }
    for (let draw = 0; draw < drawn; draw++) {
      value += Math.log(alpha + beta + draw);
      byAlpha += 1 / (alpha + beta + draw);
      byBeta += 1 / (alpha + beta + draw);
    }
  }
  gradient[0] = byAlpha * alpha;
  gradient[1] = byBeta * beta;
  return value;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
