/**
 * A corpus metric by properties of the sentences, as in Figure 3 of Sutskever, Vinyals and Le 2014, "Sequence to Sequence
 * Learning with Neural Networks": sentences are sorted by a number, cut into buckets, and each bucket is scored as a
 * corpus of its own.
 */
import { bleuFromTotals, bleuStatistics, type BleuOptions } from "./bleu.ts";
import { confidenceInterval, type BootstrapOptions } from "./bootstrap.ts";
import type { References } from "./references.ts";
import { totalStatistics, type MetricOfTotals, type SentenceStatistics } from "./sentence-statistics.ts";
import { splitWords } from "./unicode-text.ts";

/** The sentences of one bucket and their score. */
export interface Bucket {
  /** Lowest, highest and mean number of the sentences in the bucket: their lengths, or their mean ranks. */
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
  readonly sentences: number;
  readonly score: number;
  /** The ends of the score's confidence interval, where one was asked for. */
  readonly lower?: number;
  readonly upper?: number;
}

/** How sentences are put into buckets. */
export interface BucketOptions {
  /**
   * Either how many buckets of about equally many sentences (10 unless given), or the highest number that each bucket
   * takes, ascending; a last bucket takes what is above. Equal numbers always share a bucket, and empty buckets are
   * left out, so there may be fewer.
   */
  readonly buckets?: number | readonly number[];
  /** Gives each bucket a bootstrap confidence interval; none unless given. */
  readonly interval?: BootstrapOptions;
}

/**
 * Scores buckets of sentences.
 *
 * @param numbers one for each sentence, finite
 * @throws RangeError if there are not as many numbers as sentences, one is not finite, or the buckets are ill-formed
 */
export function scoreByBucket(
  statistics: SentenceStatistics,
  metric: MetricOfTotals,
  numbers: readonly number[],
  options: BucketOptions = {},
): Bucket[] {
  if (numbers.length !== statistics.sentences) {
    throw new RangeError(
      `There are ${numbers.length} numbers for ${statistics.sentences} sentences; one for each was expected.`,
    );
  }
  const members = assignBuckets(numbers, bucketBounds(numbers, options.buckets ?? 10));
  return members.map((indices) => {
    const inside = selectSentences(statistics, indices);
    const own = indices.map((index) => numbers[index] ?? NaN);
    return {
      lowest: own.reduce((least, number) => Math.min(least, number), Infinity),
      highest: own.reduce((most, number) => Math.max(most, number), -Infinity),
      mean: own.reduce((sum, number) => sum + number, 0) / own.length,
      sentences: indices.length,
      ...bucketScore(inside, metric, options.interval),
    };
  });
}

/** A test set whose BLEU is to be broken down. */
export interface TranslatedTestSet {
  readonly sources: readonly string[];
  readonly hypotheses: readonly string[];
  readonly references: References;
}

/** Options of the two breakdowns of BLEU. */
export interface BleuBreakdownOptions extends BucketOptions {
  readonly bleu?: BleuOptions;
  /** Cuts a source sentence into words; at white space unless given. */
  readonly words?: (source: string) => readonly string[];
}

/**
 * BLEU by the number of words in the source sentence (Figure 3, left).
 *
 * @throws RangeError if the test set's parts differ in length, or an option is ill-formed
 */
export function bleuByLength(testSet: TranslatedTestSet, options: BleuBreakdownOptions = {}): Bucket[] {
  const words = options.words ?? splitWords;
  return bleuByNumber(
    testSet,
    testSet.sources.map((source) => words(source).length),
    options,
  );
}

/**
 * BLEU by the mean frequency rank of the words in the source sentence (Figure 3, right); rare words have high ranks.
 *
 * A word that has no rank takes the one after the last. A sentence without words has mean rank 0.
 *
 * @param ranks from `frequencyRanks` of the training text, cut into words in the same way
 * @throws RangeError if the test set's parts differ in length, or an option is ill-formed
 */
export function bleuByWordRank(
  testSet: TranslatedTestSet,
  ranks: ReadonlyMap<string, number>,
  options: BleuBreakdownOptions = {},
): Bucket[] {
  const words = options.words ?? splitWords;
  return bleuByNumber(
    testSet,
    testSet.sources.map((source) => meanRank(words(source), ranks)),
    options,
  );
}

/** The rank of each word by how often it occurs: 1 for the most frequent; equally frequent words in code unit order. */
export function frequencyRanks(sentences: Iterable<readonly string[]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const word of sentence) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([left, leftCount], [right, rightCount]) => {
    return rightCount - leftCount || (left < right ? -1 : 1);
  });
  return new Map(sorted.map(([word], index) => [word, index + 1]));
}

function meanRank(words: readonly string[], ranks: ReadonlyMap<string, number>): number {
  if (words.length === 0) return 0;
  return words.reduce((sum, word) => sum + (ranks.get(word) ?? ranks.size + 1), 0) / words.length;
}

function bleuByNumber(
  { sources, hypotheses, references }: TranslatedTestSet,
  numbers: readonly number[],
  options: BleuBreakdownOptions,
): Bucket[] {
  if (sources.length !== hypotheses.length) {
    throw new RangeError(
      `There are ${sources.length} sources but ${hypotheses.length} hypotheses; the two numbers must be equal.`,
    );
  }
  const statistics = bleuStatistics(hypotheses, references, options.bleu);
  return scoreByBucket(statistics, (totals) => bleuFromTotals(totals, options.bleu).score, numbers, options);
}

function bucketScore(inside: SentenceStatistics, metric: MetricOfTotals, interval: BootstrapOptions | undefined) {
  if (interval === undefined) return { score: metric(totalStatistics(inside)) };
  const { score, lower, upper } = confidenceInterval(inside, metric, interval);
  return { score, lower, upper };
}

/** The highest number that each bucket takes, ascending. */
function bucketBounds(numbers: readonly number[], buckets: number | readonly number[]): number[] {
  const odd = numbers.findIndex((number) => !Number.isFinite(number));
  if (odd >= 0)
    throw new RangeError(`The number of sentence ${odd} is ${numbers[odd]}, but a finite one was expected.`);
  if (typeof buckets !== "number") {
    if (buckets.some((bound, index) => !(bound > (buckets[index - 1] ?? -Infinity)))) {
      throw new RangeError(`The bucket bounds are ${buckets.join(", ")}, but ascending numbers were expected.`);
    }
    return [...buckets, Infinity];
  }
  if (!Number.isInteger(buckets) || buckets < 1) {
    throw new RangeError(`The number of buckets is ${buckets}, but a whole number from 1 was expected.`);
  }
  const sorted = numbers.toSorted((left, right) => left - right);
  const bounds = Array.from({ length: buckets }, (_, index) => {
    return sorted[Math.ceil(((index + 1) * sorted.length) / buckets) - 1] ?? Infinity;
  });
  return [...new Set(bounds)];
}

/** The sentence numbers of each bucket that has any. */
function assignBuckets(numbers: readonly number[], bounds: readonly number[]): number[][] {
  const members: number[][] = bounds.map(() => []);
  numbers.forEach((number, sentence) => members[bounds.findIndex((bound) => number <= bound)]?.push(sentence));
  return members.filter((indices) => indices.length > 0);
}

function selectSentences({ width, values }: SentenceStatistics, indices: readonly number[]): SentenceStatistics {
  const selected = new Float64Array(indices.length * width);
  indices.forEach((index, row) => selected.set(values.subarray(index * width, (index + 1) * width), row * width));
  return { sentences: indices.length, width, values: selected };
}
