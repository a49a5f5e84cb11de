/** Whether two systems, scored on the same test set, differ by more than chance. */
import { bootstrapScores, summarize, type BootstrapOptions } from "./bootstrap.ts";
import { checkSeed, philox } from "./counter-random.ts";
import { totalStatistics, type MetricOfTotals, type SentenceStatistics } from "./sentence-statistics.ts";

/** Two systems' scores on one test set. */
export interface Comparison {
  readonly first: number;
  readonly second: number;
  /** `first − second`. */
  readonly difference: number;
  /** 0 to 1: how likely chance alone is to show what was seen. */
  readonly pValue: number;
}

/** A paired bootstrap's outcome. */
export interface PairedBootstrap extends Comparison {
  /** Share of resampled test sets on which the first system scores higher. */
  readonly firstHigher: number;
  /** Share of resampled test sets on which the second system scores higher. */
  readonly secondHigher: number;
  /** The confidence interval of the difference. */
  readonly lower: number;
  readonly upper: number;
}

/**
 * Paired bootstrap resampling (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation"): how
 * often the system that scores higher on the whole test set also does so on test sets drawn from it with replacement.
 *
 * The p-value is one-sided: the share of resamples on which that system does not score higher, with one added to
 * numerator and denominator; it is 1 where the two scores are equal. For metrics of which lower is better, read
 * "higher" as "worse"; the p-value stays as it is.
 *
 * @param first statistics of the first system, one row for each sentence
 * @param second those of the second, sentences in the same order
 * @throws RangeError if the two don't match, an option is out of range, or a score is not a number
 */
export function pairedBootstrap(
  first: SentenceStatistics,
  second: SentenceStatistics,
  metric: MetricOfTotals,
  options: BootstrapOptions = {},
): PairedBootstrap {
  checkPair(first, second);
  const scores = compare(first, second, metric);
  const differences = bootstrapScores([first, second], metric, options).map(([a = NaN, b = NaN]) => gap(a, b));
  const firstHigher = differences.filter((difference) => difference > 0).length;
  const secondHigher = differences.filter((difference) => difference < 0).length;
  const agreeing = scores.difference > 0 ? firstHigher : scores.difference < 0 ? secondHigher : 0;
  const { lower, upper } = summarize(differences, options);
  return {
    ...scores,
    pValue: (differences.length - agreeing + 1) / (differences.length + 1),
    firstHigher: firstHigher / differences.length,
    secondHigher: secondHigher / differences.length,
    lower,
    upper,
  };
}

/** How an approximate randomisation test is run. */
export interface RandomizationOptions {
  /** Number of random exchanges tried; 10000 unless given. */
  readonly trials?: number;
  /** A whole number from 0 to 2³² − 1; 12345 unless given. */
  readonly seed?: number;
}

/**
 * Paired approximate randomisation (Noreen 1989; Riezler and Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and
 * Significance Testing for MT"): if the systems were alike, exchanging their outputs for some sentences would not
 * matter.
 *
 * The p-value is two-sided: the share of trials, each exchanging every sentence with probability one half, whose
 * difference is at least as large as the one observed, with one added to numerator and denominator.
 *
 * @throws RangeError if the two systems' statistics don't match, an option is out of range, or a score is not a number
 */
export function approximateRandomization(
  first: SentenceStatistics,
  second: SentenceStatistics,
  metric: MetricOfTotals,
  { trials = 10000, seed = 12345 }: RandomizationOptions = {},
): Comparison {
  checkPair(first, second);
  checkSeed(seed);
  if (!Number.isInteger(trials) || trials < 1) {
    throw new RangeError(`The number of trials is ${trials}, but a whole number from 1 was expected.`);
  }
  const scores = compare(first, second, metric);
  let atLeastAsLarge = 0;
  for (let trial = 0; trial < trials; trial++) {
    const [left, right] = exchange(first, second, seed, trial);
    if (Math.abs(gap(metric(left), metric(right))) >= Math.abs(scores.difference)) atLeastAsLarge += 1;
  }
  return { ...scores, pValue: (atLeastAsLarge + 1) / (trials + 1) };
}

/** The totals of both systems after each sentence's rows were exchanged, or not, by one random bit. */
function exchange(first: SentenceStatistics, second: SentenceStatistics, seed: number, trial: number) {
  const left = new Float64Array(first.width);
  const right = new Float64Array(first.width);
  let bits = 0;
  for (let sentence = 0; sentence < first.sentences; sentence++) {
    if (sentence % 32 === 0) [bits] = philox(seed, sentence / 32, trial);
    const [toLeft, toRight] = (bits >>> (sentence % 32)) & 1 ? [second, first] : [first, second];
    for (let column = 0, at = sentence * first.width; column < first.width; column++, at++) {
      left[column] = (left[column] ?? 0) + (toLeft.values[at] ?? 0);
      right[column] = (right[column] ?? 0) + (toRight.values[at] ?? 0);
    }
  }
  return [left, right] as const;
}

function compare(first: SentenceStatistics, second: SentenceStatistics, metric: MetricOfTotals) {
  const scores = { first: metric(totalStatistics(first)), second: metric(totalStatistics(second)) };
  return { ...scores, difference: gap(scores.first, scores.second) };
}

function gap(first: number, second: number): number {
  const difference = first - second;
  if (!Number.isNaN(difference)) return difference;
  throw new RangeError(`The systems score ${first} and ${second}, whose difference is not a number; both scores must be finite, also after sentences are exchanged.`);
}

function checkPair(first: SentenceStatistics, second: SentenceStatistics): void {
  if (first.sentences !== second.sentences || first.width !== second.width) {
    throw new RangeError(
      `The first system has statistics [${first.sentences}, ${first.width}] and the second ` +
        `[${second.sentences}, ${second.width}]; both must cover the same sentences with the same metric.`,
    );
  }
}
