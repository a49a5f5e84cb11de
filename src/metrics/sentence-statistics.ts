/**
 * Sufficient statistics of a corpus metric: one row of numbers for each sentence, of which the metric needs only the
 * sums. Resampling a test set then costs additions, not scoring again.
 */

/** A matrix of statistics, `[sentence, statistic]`, row by row. */
export interface SentenceStatistics {
  /** How many sentences. */
  readonly sentences: number;
  /** How many numbers each sentence has. */
  readonly width: number;
  /** `sentences * width` numbers. */
  readonly values: Float64Array;
}

/** A corpus metric as a function of the sums of its statistics. */
export type MetricOfTotals = (totals: Float64Array) => number;

/**
 * Packs rows of equal length.
 *
 * @throws RangeError if there are no rows, or their lengths differ
 */
export function statisticsFromRows(rows: readonly (readonly number[])[]): SentenceStatistics {
  const width = rows[0]?.length;
  if (width === undefined) {
    throw new RangeError("The corpus has 0 sentences, but a corpus metric needs at least one.");
  }
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, sentence) => {
    if (row.length !== width) {
      throw new RangeError(
        `Sentence ${sentence} has ${row.length} statistics, but ${width} were expected, as for sentence 0.`,
      );
    }
    values.set(row, sentence * width);
  });
  return { sentences: rows.length, width, values };
}

/**
 * Sums of the statistics over the whole corpus, or over the sentences named, which may repeat.
 *
 * @param indices sentence numbers, from 0
 */
export function totalStatistics(statistics: SentenceStatistics, indices?: ArrayLike<number>): Float64Array {
  const { width, values } = statistics;
  const totals = new Float64Array(width);
  const count = indices?.length ?? statistics.sentences;
  for (let i = 0; i < count; i++) {
    const start = (indices?.[i] ?? i) * width;
    for (let column = 0; column < width; column++) {
      totals[column] = (totals[column] ?? 0) + (values[start + column] ?? 0);
    }
  }
  return totals;
}
