/**
 * Bootstrap confidence intervals of a corpus metric (Koehn 2004, "Statistical Significance Tests for Machine Translation
 * Evaluation"; Efron and Tibshirani 1993, the percentile method): test sets of the same size are drawn from
 * the test set with replacement, and each is scored from its sufficient statistics.
 */
import { checkSeed, fillIntegers } from "./counter-random.ts";
import { quantile } from "./quantile.ts";
import { totalStatistics, type MetricOfTotals, type SentenceStatistics } from "./sentence-statistics.ts";

/** How a bootstrap is run. */
export interface BootstrapOptions {
  /** Number of test sets drawn; 1000 unless given. */
  readonly resamples?: number;
  /** Share of the resampled scores that the interval holds; 0.95 unless given. */
  readonly confidence?: number;
  /** A whole number from 0 to 2³² − 1; 12345 unless given. The same seed gives the same interval. */
  readonly seed?: number;
}

/** A score and the interval around it, in the metric's unit. */
export interface ConfidenceInterval {
  /** Of the test set itself. */
  readonly score: number;
  readonly lower: number;
  readonly upper: number;
  /** Standard deviation of the resampled scores. */
  readonly standardError: number;
}

/**
 * The confidence interval of a corpus metric.
 *
 * @example
 * const statistics = bleuStatistics(hypotheses, references);
 * const { score, lower, upper } = confidenceInterval(statistics, (totals) => bleuFromTotals(totals).score);
 * @throws RangeError if an option is out of range, or the metric of some resample is not a number
 */
export function confidenceInterval(
  statistics: SentenceStatistics,
  metric: MetricOfTotals,
  options: BootstrapOptions = {},
): ConfidenceInterval {
  const scores = bootstrapScores([statistics], metric, options).map(([score = NaN]) => score);
  return { score: metric(totalStatistics(statistics)), ...summarize(scores, options) };
}

/** The scores of several systems on the same resampled test sets, `[resample][system]`. */
export function bootstrapScores(
  systems: readonly SentenceStatistics[],
  metric: MetricOfTotals,
  options: BootstrapOptions,
): number[][] {
  const { resamples, seed } = checkBootstrap(options);
  const sentences = systems[0]?.sentences ?? 0;
  const draws = new Uint32Array(sentences);
  return Array.from({ length: resamples }, (_, resample) => {
    fillIntegers(draws, sentences, seed, resample);
    return systems.map((system) => {
      const score = metric(totalStatistics(system, draws));
      if (Number.isNaN(score)) {
        throw new RangeError(
          `The metric of resample ${resample} is not a number; it must be defined for every resample.`,
        );
      }
      return score;
    });
  });
}

/** The percentile interval and the standard deviation of resampled values. */
export function summarize(values: readonly number[], options: BootstrapOptions) {
  const { confidence } = checkBootstrap(options);
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    lower: quantile(sorted, (1 - confidence) / 2),
    upper: quantile(sorted, (1 + confidence) / 2),
    standardError: Math.sqrt(squares / (sorted.length - 1)),
  };
}

/** The options with defaults, checked. */
function checkBootstrap({ resamples = 1000, confidence = 0.95, seed = 12345 }: BootstrapOptions) {
  if (!Number.isInteger(resamples) || resamples < 2) {
    throw new RangeError(`The number of resamples is ${resamples}, but a whole number from 2 was expected.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`The confidence is ${confidence}, but a share between 0 and 1, such as 0.95, was expected.`);
  }
  checkSeed(seed);
  return { resamples, confidence, seed };
}
