/**
 * chrF and chrF++ (Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation"; Popović 2017, "chrF++:
 * words helping character n-grams"), number for number those of sacreBLEU (Post 2018).
 */
import { commonCount, countNgrams, totalCount, type NgramCounts } from "./ngrams.ts";
import { referenceLists, type References } from "./references.ts";
import { statisticsFromRows, totalStatistics, type SentenceStatistics } from "./sentence-statistics.ts";
import { referenceCountLabel, signatureVersion } from "./signature.ts";
import { splitWords } from "./unicode-text.ts";

/** Options of chrF; the defaults are sacreBLEU's and give chrF2. */
export interface ChrfOptions {
  /** Longest character n-gram; 6 unless given. */
  readonly characterOrder?: number;
  /** Longest word n-gram: 0 (unless given) for chrF, 2 for chrF++. */
  readonly wordOrder?: number;
  /** How many times recall weighs as much as precision; 2 unless given. */
  readonly beta?: number;
  /** Whether case is ignored; `false` unless given. */
  readonly lowercase?: boolean;
  /** Whether white space counts as characters; `false` unless given. */
  readonly whitespace?: boolean;
}

/** chrF with the signature by which others can repeat it. */
export interface ChrfResult {
  /** 0 to 100. */
  readonly score: number;
  /** `chrF2`, `chrF2++` and so on. */
  readonly name: string;
  /** In sacreBLEU's form: `nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:…`. */
  readonly signature: string;
}

/**
 * Corpus chrF.
 *
 * @example
 * chrf(hypotheses, references, { wordOrder: 2 }).score; // chrF2++
 * @param hypotheses detokenised translations, one for each sentence
 * @param references for each sentence its reference or references, of which the one with the best sentence score counts
 * @throws RangeError if there are no sentences, counts differ, a reference is missing, or an order is not a whole number
 */
export function chrf(hypotheses: readonly string[], references: References, options: ChrfOptions = {}): ChrfResult {
  const totals = totalStatistics(chrfStatistics(hypotheses, references, options));
  const { beta, characterOrder, wordOrder, lowercase, whitespace } = withDefaults(options);
  return {
    score: chrfFromTotals(totals, options),
    name: `chrF${beta}${"+".repeat(wordOrder)}`,
    signature: [
      `nrefs:${referenceCountLabel(referenceLists(hypotheses, references))}`,
      `case:${lowercase ? "lc" : "mixed"}`,
      "eff:yes",
      `nc:${characterOrder}`,
      `nw:${wordOrder}`,
      `space:${whitespace ? "yes" : "no"}`,
      `version:${signatureVersion}`,
    ].join("|"),
  };
}

/**
 * The sufficient statistics of chrF: for each sentence and each order, characters before words, the n-grams of the
 * hypothesis, of the reference, and of both. `chrfFromTotals` turns their sums into the score.
 *
 * @throws RangeError as `chrf` does
 */
export function chrfStatistics(
  hypotheses: readonly string[],
  references: References,
  options: ChrfOptions = {},
): SentenceStatistics {
  const settings = withDefaults(options);
  const lists = referenceLists(hypotheses, references);
  return statisticsFromRows(
    lists.map((list, sentence) => {
      const hypothesis = allNgrams(hypotheses[sentence] ?? "", settings);
      const rows = list.map((reference) => matchRow(hypothesis, allNgrams(reference, settings)));
      return bestRow(rows, settings);
    }),
  );
}

/**
 * chrF (0 to 100) from sums of its sufficient statistics.
 *
 * Precision and recall are averaged over the orders that both sides have, and their F-score taken once.
 *
 * @param totals three sums for each order, as `chrfStatistics` lays them out
 */
export function chrfFromTotals(totals: ArrayLike<number>, options: ChrfOptions = {}): number {
  const weight = (options.beta ?? defaults.beta) ** 2;
  let precision = 0;
  let recall = 0;
  let effectiveOrders = 0;
  for (let start = 0; start < totals.length; start += 3) {
    const inHypothesis = totals[start] ?? 0;
    const inReference = totals[start + 1] ?? 0;
    const inBoth = totals[start + 2] ?? 0;
    if (inHypothesis === 0 || inReference === 0) continue;
    precision += inBoth / inHypothesis;
    recall += inBoth / inReference;
    effectiveOrders += 1;
  }
  if (precision + recall === 0) return 0;
  precision /= effectiveOrders;
  recall /= effectiveOrders;
  return (100 * (1 + weight) * precision * recall) / (weight * precision + recall);
}

const defaults = { characterOrder: 6, wordOrder: 0, beta: 2, lowercase: false, whitespace: false } as const;

function withDefaults(options: ChrfOptions): Required<ChrfOptions> {
  const settings = { ...defaults, ...options };
  for (const name of ["characterOrder", "wordOrder"] as const) {
    if (!Number.isInteger(settings[name]) || settings[name] < 0) {
      throw new RangeError(`The chrF option "${name}" is ${settings[name]}, but a whole number from 0 was expected.`);
    }
  }
  return settings;
}

function allNgrams(text: string, settings: Required<ChrfOptions>): NgramCounts[] {
  const line = settings.lowercase ? text.toLowerCase() : text;
  const characters = [...(settings.whitespace ? line : splitWords(line).join(""))];
  const words = splitWords(line).flatMap(splitPunctuation);
  return [
    ...Array.from({ length: settings.characterOrder }, (_, index) => countNgrams(characters, index + 1, "")),
    ...Array.from({ length: settings.wordOrder }, (_, index) => countNgrams(words, index + 1, " ")),
  ];
}

/** Sets one ASCII punctuation mark apart at the end of a word, or else at its start, as chrF++ does. */
function splitPunctuation(word: string): string[] {
  if ([...word].length === 1) return [word];
  if (/[!-/:-@[-`{-~]$/.test(word)) return [word.slice(0, -1), word.slice(-1)];
  if (/^[!-/:-@[-`{-~]/.test(word)) return [word.slice(0, 1), word.slice(1)];
  return [word];
}

function matchRow(hypothesis: readonly NgramCounts[], reference: readonly NgramCounts[]): number[] {
  return hypothesis.flatMap((counts, index) => {
    const allowed = reference[index] ?? new Map<string, number>();
    // n-grams of an order that the reference is too short to have don't count against the hypothesis
    const counted = allowed.size === 0 ? 0 : totalCount(counts);
    return [counted, totalCount(allowed), commonCount(counts, allowed)];
  });
}

/** The row of the reference with the highest sentence score; the first of equals. */
function bestRow(rows: readonly number[][], settings: Required<ChrfOptions>): number[] {
  return rows.reduce((best, row) => (chrfFromTotals(row, settings) > chrfFromTotals(best, settings) ? row : best));
}
