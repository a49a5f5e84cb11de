/** Measures of how well a score tells right answers from wrong ones. */
import { areaUnderCurve } from "../../metrics/area-under-curve.ts";

/** An answer with a score, and whether it is right. */
export interface Judged {
  readonly score: number;
  readonly correct: boolean;
}

/**
 * The probability that a right answer has a greater score than a wrong one, ties counting half (Mann and Whitney 1947): the
 * area under the receiver operating characteristic. `undefined` where all are right, or all wrong.
 */
export function auroc(judged: readonly Judged[]): number | undefined {
  const scores = (right: boolean): number[] => judged.filter(({ correct }) => correct === right).map(({ score }) => score);
  const area = areaUnderCurve(scores(true), scores(false));
  return Number.isNaN(area) ? undefined : area;
}

/** Answers of about one confidence. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Means over the bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Calibration {
  /** Expected calibration error: the mean over answers of their bin's |accuracy − confidence| (Guo et al. 2017, equation 3). */
  readonly ece: number;
  /** Without empty ones. */
  readonly bins: readonly ReliabilityBin[];
}

/** In bins of equal width, (lower, upper]. @throws RangeError where a confidence is not a probability, or there are no answers */
export function calibration(judged: readonly Judged[], bins = 10): Calibration {
  if (judged.length === 0) throw new RangeError("Calibration needs at least one answer.");
  const wrong = judged.find(({ score }) => !(score >= 0 && score <= 1));
  if (wrong !== undefined) throw new RangeError(`A confidence is ${wrong.score}; calibration is about probabilities, from 0 to 1.`);
  const binOf = (score: number): number => Math.max(0, Math.ceil(score * bins) - 1);
  const filled = Array.from({ length: bins }, (_, bin) => {
    const inside = judged.filter(({ score }) => binOf(score) === bin);
    const mean = (of: (each: Judged) => number): number => inside.reduce((sum, each) => sum + of(each), 0) / inside.length;
    return { lower: bin / bins, upper: (bin + 1) / bins, count: inside.length, confidence: mean(({ score }) => score), accuracy: mean(({ correct }) => Number(correct)) };
  }).filter(({ count }) => count > 0);
  const ece = filled.reduce((sum, { count, confidence, accuracy }) => sum + (count / judged.length) * Math.abs(accuracy - confidence), 0);
  return { ece, bins: filled };
}

/** How well a score tells right from wrong, and, as a probability to be right, how far it is off; `null` where it cannot be told. */
export interface ScoreQuality {
  readonly auroc: number | null;
  readonly ece: number | null;
}

/** Of a score that is greater where answers are surer, and of what it says as a probability; `undefined` where that is not known. */
export function scoreQuality(sure: readonly Judged[] | undefined, probable: readonly Judged[] | undefined): ScoreQuality {
  return { auroc: (sure && auroc(sure)) ?? null, ece: probable === undefined ? null : calibration(probable).ece };
}

/** A log-probability in nats as a probability; rounding may leave it a little above 0. */
export function likelihood(nats: number): number {
  return Math.min(1, Math.exp(nats));
}

/** What is wrong of the answers that are given if only so many of the surest are. */
export interface RiskAtCoverage {
  /** Share of answers given. */
  readonly coverage: number;
  /** Share of those that are wrong. */
  readonly risk: number;
}

/** From the surest answers to all (El-Yaniv and Wiener 2010); answers of one score are given together. */
export function riskCoverage(judged: readonly Judged[]): RiskAtCoverage[] {
  let [given, wrong] = [0, 0];
  return levelsOf(judged).map((level) => {
    given += level.length;
    wrong += level.filter(({ correct }) => !correct).length;
    return { coverage: given / judged.length, risk: wrong / given };
  });
}

/** Those of equal scores together, the greatest first. */
function levelsOf(judged: readonly Judged[]): Judged[][] {
  const levels = new Map<number, Judged[]>();
  for (const each of [...judged].sort((a, b) => b.score - a.score)) {
    const level = levels.get(each.score) ?? [];
    level.push(each);
    levels.set(each.score, level);
  }
  return [...levels.values()];
}
