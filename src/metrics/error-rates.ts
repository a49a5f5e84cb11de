/** Word and phoneme error rates, where an item may have several correct answers. */
import { editDistance, type TokenSequence } from "./edit-distance.ts";
import { statisticsFromRows, totalStatistics, type SentenceStatistics } from "./sentence-statistics.ts";

/** One item: a word with its pronunciations, or an utterance with its transcripts. */
export interface ErrorRateItem {
  readonly hypothesis: TokenSequence;
  /** The answers allowed; at least one. */
  readonly references: readonly TokenSequence[];
}

/** Error rates of a test set. */
export interface ErrorRates {
  /** Edits per reference token, 0 and up, in percent: the WER of speech transcripts, the PER of pronunciations. */
  readonly tokenErrorRate: number;
  /** Share of items equal to none of their references, in percent: the WER of pronunciations. */
  readonly itemErrorRate: number;
  readonly edits: number;
  readonly referenceTokens: number;
  readonly itemErrors: number;
  readonly items: number;
}

/**
 * Error rates in percent.
 *
 * For each item the reference with the fewest edits counts. Where several have equally few, the shortest counts: the
 * rate is then never flattered, and doesn't depend on the order of references.
 *
 * @throws RangeError if there are no items, or an item has no references
 */
export function errorRates(items: readonly ErrorRateItem[]): ErrorRates {
  return errorRatesFromTotals(totalStatistics(errorStatistics(items)));
}

/**
 * The usual measures of grapheme-to-phoneme conversion, both in percent: edits per phoneme of the chosen references, and
 * the share of words whose hypothesis equals no listed pronunciation (Yao and Zweig 2015,
 * "Sequence-to-Sequence Neural Net Models for Grapheme-to-Phoneme Conversion").
 *
 * @throws RangeError as `errorRates` does
 */
export function pronunciationErrorRates(words: readonly ErrorRateItem[]): {
  readonly phonemeErrorRate: number;
  readonly wordErrorRate: number;
} {
  const { tokenErrorRate, itemErrorRate } = errorRates(words);
  return { phonemeErrorRate: tokenErrorRate, wordErrorRate: itemErrorRate };
}

/**
 * The sufficient statistics of error rates: for each item its edits, its reference tokens, 1 if it is wrong, and 1.
 *
 * @throws RangeError as `errorRates` does
 */
export function errorStatistics(items: readonly ErrorRateItem[]): SentenceStatistics {
  return statisticsFromRows(
    items.map(({ hypothesis, references }, index) => {
      const [first, ...rest] = references.map((reference) => ({
        edits: editDistance(hypothesis, reference),
        length: Array.from<string | number>(reference).length,
      }));
      if (first === undefined) {
        throw new RangeError(`Item ${index} has no references, but at least one was expected.`);
      }
      const best = rest.reduce(
        (chosen, next) =>
          next.edits < chosen.edits || (next.edits === chosen.edits && next.length < chosen.length) ? next : chosen,
        first,
      );
      return [best.edits, best.length, best.edits > 0 ? 1 : 0, 1];
    }),
  );
}

/** Error rates from sums of their sufficient statistics; infinite where there are edits but no reference tokens. */
export function errorRatesFromTotals(totals: ArrayLike<number>): ErrorRates {
  const [edits = 0, referenceTokens = 0, itemErrors = 0, items = 0] = Array.from(totals);
  return {
    tokenErrorRate: edits === 0 ? 0 : (100 * edits) / referenceTokens,
    itemErrorRate: itemErrors === 0 ? 0 : (100 * itemErrors) / items,
    edits,
    referenceTokens,
    itemErrors,
    items,
  };
}
