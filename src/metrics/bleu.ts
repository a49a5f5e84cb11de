/**
 * Corpus BLEU (Papineni, Roukos, Ward and Zhu 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation"),
 * number for number that of sacreBLEU (Post 2018).
 */
import { bleuTokenizers, tokenizeForBleu, type BleuTokenizer } from "./bleu-tokenizers.ts";
import { commonCount, countNgrams, maximumCounts } from "./ngrams.ts";
import { referenceLists, type References } from "./references.ts";
import { statisticsFromRows, totalStatistics, type SentenceStatistics } from "./sentence-statistics.ts";
import { referenceCountLabel, signatureVersion } from "./signature.ts";

/**
 * What stands in for a precision of zero (Chen and Cherry 2014, "A Systematic Comparison of Smoothing Techniques for
 * Sentence-Level BLEU").
 *
 * - `exp`: halved again at each further order without a match (their method 3; NIST's).
 * - `floor`: a small count, `smoothingValue` (method 1).
 * - `add-k`: `smoothingValue` more matches and n-grams at each order above one (method 2).
 * - `none`: nothing.
 */
export type BleuSmoothing = "exp" | "floor" | "add-k" | "none";

/** Options of BLEU; the defaults are sacreBLEU's. */
export interface BleuOptions {
  /** `13a` unless given. */
  readonly tokenizer?: BleuTokenizer;
  /** Whether case is ignored; `false` unless given. */
  readonly lowercase?: boolean;
  /** `exp` unless given. */
  readonly smoothing?: BleuSmoothing;
  /** For `floor` 0.1 and for `add-k` 1 unless given; the other methods ignore it. */
  readonly smoothingValue?: number;
  /** Whether orders longer than the hypothesis are left out, as single short sentences need; `false` unless given. */
  readonly effectiveOrder?: boolean;
}

/** BLEU and its parts. */
export interface BleuScore {
  /** 0 to 100. */
  readonly score: number;
  /** Clipped n-gram precisions for n = 1 to 4, after smoothing, 0 to 100. */
  readonly precisions: readonly number[];
  /** 0 to 1; 1 where the hypotheses are at least as long as the references. */
  readonly brevityPenalty: number;
  /** Tokens in all hypotheses. */
  readonly hypothesisLength: number;
  /** Tokens in the references, for each sentence the one nearest in length to its hypothesis. */
  readonly referenceLength: number;
}

/** BLEU with the signature by which others can repeat it. */
export interface BleuResult extends BleuScore {
  /** In sacreBLEU's form: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:…`. */
  readonly signature: string;
}

const maximumOrder = 4;
const orders = Array.from({ length: maximumOrder }, (_, index) => index + 1);
const smoothingDefaults = { exp: 0, floor: 0.1, "add-k": 1, none: 0 } as const satisfies Record<BleuSmoothing, number>;

/**
 * Corpus BLEU.
 *
 * @example
 * bleu(["the cat sat on the mat"], ["the cat is on the mat"]).score;
 * bleu(hypotheses, [["a reference", "another"], ...], { lowercase: true }).signature;
 * @param hypotheses detokenised translations, one for each sentence
 * @param references for each sentence its reference or references, detokenised
 * @throws RangeError if there are no sentences, counts differ, a reference is missing, or an option is unknown
 */
export function bleu(hypotheses: readonly string[], references: References, options: BleuOptions = {}): BleuResult {
  const totals = totalStatistics(bleuStatistics(hypotheses, references, options));
  const nrefs = referenceCountLabel(referenceLists(hypotheses, references));
  return { ...bleuFromTotals(totals, options), signature: bleuSignature(nrefs, options) };
}

/**
 * BLEU of one sentence, of the effective order unless the options say otherwise.
 *
 * @param references one or more references for this sentence
 * @throws RangeError as `bleu` does
 */
export function sentenceBleu(
  hypothesis: string,
  references: string | readonly string[],
  options: BleuOptions = {},
): BleuResult {
  return bleu([hypothesis], [references], { effectiveOrder: true, ...options });
}

/**
 * The sufficient statistics of BLEU: for each sentence the hypothesis length, the reference length, the matches for
 * n = 1 to 4, and the n-grams of the hypothesis for n = 1 to 4. `bleuFromTotals` turns their sums into the score.
 *
 * @throws RangeError as `bleu` does
 */
export function bleuStatistics(
  hypotheses: readonly string[],
  references: References,
  options: BleuOptions = {},
): SentenceStatistics {
  checkOptions(options);
  const tokenizer = options.tokenizer ?? "13a";
  const tokens = (text: string) => tokenizeForBleu(options.lowercase === true ? text.toLowerCase() : text, tokenizer);
  const lists = referenceLists(hypotheses, references);
  return statisticsFromRows(
    lists.map((list, sentence) => sentenceRow(tokens(hypotheses[sentence] ?? ""), list.map(tokens))),
  );
}

function sentenceRow(hypothesis: readonly string[], references: readonly (readonly string[])[]): number[] {
  const matches = orders.map((order) => {
    const allowed = maximumCounts(references.map((reference) => countNgrams(reference, order, " ")));
    return commonCount(countNgrams(hypothesis, order, " "), allowed);
  });
  const counts = orders.map((order) => Math.max(0, hypothesis.length - order + 1));
  return [hypothesis.length, closestLength(hypothesis.length, references), ...matches, ...counts];
}

/** The reference length nearest to the hypothesis's; the shorter of two equally near. */
function closestLength(length: number, references: readonly (readonly string[])[]): number {
  return references
    .map((reference) => reference.length)
    .reduce((best, next) => {
      const gain = Math.abs(length - best) - Math.abs(length - next);
      return gain > 0 || (gain === 0 && next < best) ? next : best;
    });
}

/**
 * BLEU from sums of its sufficient statistics.
 *
 * @param totals the ten sums in the order of `bleuStatistics`
 */
export function bleuFromTotals(totals: Float64Array, options: BleuOptions = {}): BleuScore {
  const [hypothesisLength = 0, referenceLength = 0] = totals;
  const matches = totals.slice(2, 2 + maximumOrder);
  const counts = totals.slice(2 + maximumOrder, 2 + 2 * maximumOrder);
  const brevityPenalty = hypothesisLength < referenceLength ? Math.exp(1 - referenceLength / hypothesisLength) : 1;
  const parts = { brevityPenalty, hypothesisLength, referenceLength };
  if (matches.every((count) => count === 0)) return { score: 0, precisions: orders.map(() => 0), ...parts };

  const { precisions, order } = smoothedPrecisions(matches, counts, options);
  let logSum = 0;
  for (const precision of precisions.slice(0, order)) logSum += Math.log(precision);
  return { score: brevityPenalty * Math.exp(logSum / order), precisions, ...parts };
}

/** Precisions in percent, and how many of them the geometric mean takes. */
function smoothedPrecisions(matches: Float64Array, counts: Float64Array, options: BleuOptions) {
  const smoothing = options.smoothing ?? "exp";
  const value = options.smoothingValue ?? smoothingDefaults[smoothing];
  const precisions = orders.map(() => 0);
  let order = maximumOrder;
  let halving = 1;
  for (const n of orders) {
    const extra = smoothing === "add-k" && n > 1 ? value : 0;
    const matched = (matches[n - 1] ?? 0) + extra;
    const counted = (counts[n - 1] ?? 0) + extra;
    if (counted === 0) break;
    if (options.effectiveOrder === true) order = n;
    if (matched > 0) {
      precisions[n - 1] = (100 * matched) / counted;
    } else if (smoothing === "exp") {
      halving *= 2;
      precisions[n - 1] = 100 / (halving * counted);
    } else if (smoothing === "floor") {
      precisions[n - 1] = (100 * value) / counted;
    }
  }
  return { precisions, order };
}

function bleuSignature(nrefs: string, options: BleuOptions): string {
  const smoothing = options.smoothing ?? "exp";
  const value = options.smoothingValue ?? smoothingDefaults[smoothing];
  const takesValue = smoothing === "floor" || smoothing === "add-k";
  return [
    `nrefs:${nrefs}`,
    `case:${options.lowercase === true ? "lc" : "mixed"}`,
    `eff:${options.effectiveOrder === true ? "yes" : "no"}`,
    `tok:${options.tokenizer ?? "13a"}`,
    `smooth:${smoothing}${takesValue ? `[${value.toFixed(2)}]` : ""}`,
    `version:${signatureVersion}`,
  ].join("|");
}

function checkOptions({ tokenizer = "13a", smoothing = "exp", smoothingValue }: BleuOptions): void {
  if (!bleuTokenizers.includes(tokenizer)) {
    throw new RangeError(`The BLEU tokenizer is "${tokenizer}", but one of ${bleuTokenizers.join(", ")} was expected.`);
  }
  if (!Object.hasOwn(smoothingDefaults, smoothing)) {
    const known = Object.keys(smoothingDefaults).join(", ");
    throw new RangeError(`The BLEU smoothing is "${smoothing}", but one of ${known} was expected.`);
  }
  if (smoothingValue !== undefined && !(smoothingValue >= 0)) {
    throw new RangeError(`The BLEU smoothing value is ${smoothingValue}, but a number of at least 0 was expected.`);
  }
}
