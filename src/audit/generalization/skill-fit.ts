/** How much data a skill needs: accuracy against the number of training examples. */
import cephes from "cephes";
import { AuditError } from "../audit-error.ts";

/** What a model answers rightly that has seen so many examples. */
export interface SkillPoint {
  readonly examples: number;
  readonly correct: number;
  readonly total: number;
}

/** p(n) = 1 / (1 + exp(−intercept − slope · ln n)) */
export interface SkillFit {
  readonly intercept: number;
  readonly slope: number;
  /** Of intercept and slope, with the dispersion in it. */
  readonly covariance: { readonly intercept: number; readonly both: number; readonly slope: number };
  /**
   * Pearson's χ² over the degrees of freedom, at least 1: by how much accuracies of runs vary more than answers drawn one by one would.
   * Errors are its root times as large (quasi-likelihood; McCullagh and Nelder 1989, section 4.5).
   */
  readonly dispersion: number;
  /** Examples at which half of all answers are right, with a 95% interval; only where the slope's own interval is above 0. */
  readonly half: { readonly examples: number; readonly lower: number; readonly upper: number } | null;
}

export interface FittedSkill {
  readonly fit: SkillFit | null;
  /** Why there is no fit. */
  readonly reason?: string;
}

export interface BandPoint {
  readonly examples: number;
  readonly accuracy: number;
  readonly lower: number;
  readonly upper: number;
}

/** Estimates with their covariances before dispersion; x is ln n less its weighted mean, which keeps both well apart. */
interface Estimate {
  readonly center: number;
  readonly level: number;
  readonly slope: number;
  readonly information: readonly [level: number, both: number, slope: number];
}

const ITERATIONS = 100;

/**
 * Fits a logistic curve in log n by maximum binomial likelihood (iteratively reweighted least squares).
 *
 * @throws AuditError where a point makes no sense
 */
export async function fitSkill(points: readonly SkillPoint[]): Promise<FittedSkill> {
  await cephes.compiled;
  points.forEach(requirePoint);
  const reason = unfit(points);
  if (reason !== undefined) return { fit: null, reason };
  const estimate = estimated(points);
  return estimate === undefined
    ? { fit: null, reason: "accuracy jumps between two numbers of examples; numbers in between would tell where" }
    : { fit: describe(estimate, points) };
}

/** The fitted curve with its 95% band (delta method on the logit), at numbers of examples from the least to the most measured. */
export function skillBand(fit: SkillFit, points: readonly SkillPoint[], count = 60): BandPoint[] {
  const numbers = points.map(({ examples }) => Math.log(examples));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const quantile = studentQuantile(points);
  return Array.from({ length: count }, (_, at) => {
    const x = low + ((high - low) * at) / (count - 1);
    const logit = fit.intercept + fit.slope * x;
    const half = quantile * Math.sqrt(variance(fit.covariance, x));
    return { examples: Math.exp(x), accuracy: sigmoid(logit), lower: sigmoid(logit - half), upper: sigmoid(logit + half) };
  });
}

function requirePoint({ examples, correct, total }: SkillPoint): void {
  if (Number.isInteger(examples) && examples >= 1 && Number.isInteger(total) && total >= 1 && Number.isInteger(correct) && correct >= 0 && correct <= total) return;
  throw new AuditError(`${correct} right answers of ${total} after ${examples} examples make no sense; all three must be whole numbers, examples and total at least 1, and correct at most total.`);
}

function unfit(points: readonly SkillPoint[]): string | undefined {
  const numbers = new Set(points.map(({ examples }) => examples)).size;
  if (numbers < 3) return `accuracy was measured at ${numbers} number${numbers === 1 ? "" : "s"} of examples; a fit needs 3`;
  if (points.every(({ correct }) => correct === 0)) return "nothing was answered rightly after any number of examples";
  if (points.every(({ correct, total }) => correct === total)) return "everything was answered rightly after any number of examples";
  return undefined;
}

/** `undefined` where the likelihood has no maximum, since all below some number of examples is wrong and all above right. */
function estimated(points: readonly SkillPoint[]): Estimate | undefined {
  const total = points.reduce((sum, point) => sum + point.total, 0);
  const center = points.reduce((sum, point) => sum + point.total * Math.log(point.examples), 0) / total;
  const share = (points.reduce((sum, point) => sum + point.correct, 0) + 0.5) / (total + 1);
  let [level, slope] = [Math.log(share / (1 - share)), 0];
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { information, score } = derivatives(points, center, level, slope);
    const [a, b, c] = information;
    const determinant = a * c - b * b;
    if (!(determinant > 1e-12 * a * c)) return undefined;
    const step = [(c * score[0] - b * score[1]) / determinant, (a * score[1] - b * score[0]) / determinant] as const;
    // A logit that moves by more than 2 at once has left where the quadratic is near the likelihood.
    const damping = Math.min(1, 2 / Math.max(...points.map(({ examples }) => Math.abs(step[0] + step[1] * (Math.log(examples) - center)))));
    [level, slope] = [level + damping * step[0], slope + damping * step[1]];
    if (Math.abs(step[0]) + Math.abs(step[1]) < 1e-10) return { center, level, slope, information };
  }
  return undefined;
}

function derivatives(points: readonly SkillPoint[], center: number, level: number, slope: number) {
  let [a, b, c, first, second] = [0, 0, 0, 0, 0];
  for (const { examples, correct, total } of points) {
    const x = Math.log(examples) - center;
    const p = sigmoid(level + slope * x);
    const weight = total * p * (1 - p);
    [a, b, c] = [a + weight, b + weight * x, c + weight * x * x];
    [first, second] = [first + correct - total * p, second + (correct - total * p) * x];
  }
  return { information: [a, b, c] as const, score: [first, second] as const };
}

function describe({ center, level, slope, information }: Estimate, points: readonly SkillPoint[]): SkillFit {
  const intercept = level - slope * center;
  const degrees = points.length - 2;
  const chiSquared = points.reduce((sum, { examples, correct, total }) => {
    const p = sigmoid(intercept + slope * Math.log(examples));
    const expected = total * p * (1 - p);
    return expected === 0 ? sum : sum + (correct - total * p) ** 2 / expected;
  }, 0);
  const dispersion = Math.max(1, chiSquared / degrees);
  const covariance = covarianceOf(information, center, dispersion);
  return { intercept, slope, covariance, dispersion, half: halfOf({ intercept, slope, covariance }, studentQuantile(points)) };
}

/** The inverse of the information, for the intercept at ln n = 0. */
function covarianceOf([a, b, c]: Estimate["information"], center: number, dispersion: number): SkillFit["covariance"] {
  const scale = dispersion / (a * c - b * b);
  return { intercept: scale * (c + 2 * center * b + center * center * a), both: -scale * (b + center * a), slope: scale * a };
}

/** Of the logit at x = ln n. */
function variance({ intercept, both, slope }: SkillFit["covariance"], x: number): number {
  return Math.max(0, intercept + 2 * both * x + slope * x * x);
}

/** Where the line crosses 0, and where the edges of its band do (Fieller 1954): an interval only where the slope is surely above 0. */
function halfOf({ intercept, slope, covariance }: Pick<SkillFit, "intercept" | "slope" | "covariance">, quantile: number): SkillFit["half"] {
  const square = quantile * quantile;
  // (intercept + slope · x)² = quantile² · variance(x)
  const a = slope * slope - square * covariance.slope;
  const b = intercept * slope - square * covariance.both;
  const c = intercept * intercept - square * covariance.intercept;
  if (!(slope > 0 && a > 0)) return null;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return { examples: Math.exp(-intercept / slope), lower: Math.exp((-b - root) / a), upper: Math.exp((-b + root) / a) };
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Half the width of a 95% interval in standard errors, for so many runs and two parameters. */
function studentQuantile(points: readonly SkillPoint[]): number {
  return cephes.stdtri(points.length - 2, 0.975);
}
