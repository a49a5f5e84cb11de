import { accumulate } from "../arrays.ts";
import { countNgrams, type CountedNgrams, type NgramCounts } from "./count-ngrams.ts";
import { BEGIN, NgramModel, NO_CONTEXT, UNKNOWN, type NgramEntry } from "./ngram-model.ts";

/** What is taken from n-grams that were counted once, twice, and more often. */
export type Discounts = readonly [once: number, twice: number, more: number];

/** Discounts where too few n-grams of an order were seen for the estimate, as KenLM's `--discount_fallback` has them. */
const FALLBACK: Discounts = [0.5, 1, 1.5];

/**
 * An n-gram model with modified Kneser-Ney smoothing, interpolated over all orders down to the uniform distribution
 * (Kneser and Ney 1995; Chen and Goodman 1999, section 3):
 *
 *     p(w | h) = max(c(h w) − D(c(h w)), 0) / Σ_v c(h v) + γ(h) · p(w | h′),    h′ = h without its first word
 *
 * The vocabulary is that of the sentences with `</s>` and `<unk>`; over it, the probabilities after any history sum to 1.
 *
 * @param sentences split into words; `<s>` and `</s>` are added
 * @param order from 1 up
 * @param discounts of each order from 1 up; estimated from the counts where there are none, as Chen and Goodman do
 * @throws PhraseError where a sentence has a word of the model's own: `<s>`, `</s>` or `<unk>`
 */
export function trainNgramModel(sentences: Iterable<readonly string[]>, order: number, discounts: readonly Discounts[] = []): NgramModel {
  const counts = countNgrams(sentences, order);
  const entries: NgramEntry[][] = [];
  let lower: { readonly probabilities: Float64Array } = { probabilities: Float64Array.of(1 / (counts.words.size - 1)) };
  let names: (readonly string[])[] = [];
  const estimates = counts.orders.map((ngrams, at) => {
    const estimate = estimateOrder(ngrams, at === 0, lower.probabilities, counts, discounts[at]);
    lower = estimate;
    return estimate;
  });
  counts.orders.forEach(({ index }, at) => {
    const higher = estimates[at + 1];
    const prefixes = names;
    names = Array.from({ length: index.size }, (_, id) => [...(prefixes[index.first(id)] ?? []), counts.words.word(index.second(id))]);
    entries.push(names.map((words, id) => ({
      words,
      logProbability: Math.log(estimates[at]?.probabilities[id] ?? 0),
      logBackoff: Math.log(higher?.backoffs[id] ?? 1),
    })));
  });
  entries[0]?.push({ words: [UNKNOWN], logProbability: Math.log((estimates[0]?.rest ?? 1) / (counts.words.size - 1)), logBackoff: 0 });
  return new NgramModel(entries);
}

interface OrderEstimate {
  /** Interpolated, by n-gram. */
  readonly probabilities: Float64Array;
  /** γ by context, an n-gram of the order below; 1 where nothing follows it. */
  readonly backoffs: Float64Array;
  /** γ of the empty context. */
  readonly rest: number;
}

function estimateOrder({ index, counts, suffixes }: CountedNgrams, isLowest: boolean, lower: Float64Array, { words }: NgramCounts, given?: Discounts): OrderEstimate {
  const begin = isLowest ? index.find(NO_CONTEXT, words.find(BEGIN) ?? 0) : -1;
  const discounts = given ?? discountsOf(counts.filter((_, id) => id !== begin));
  const contexts = isLowest ? 1 : lower.length;
  const [totals, removed] = [new Float64Array(contexts), new Float64Array(contexts)];
  const discountOf = (count: number): number => (count > 0 ? discounts[Math.min(count, 3) - 1] ?? 0 : 0);
  for (let id = 0; id < index.size; id++) {
    if (id === begin) continue; // `<s>` is never predicted
    const count = counts[id] ?? 0;
    accumulate(totals, isLowest ? 0 : index.first(id), count);
    accumulate(removed, isLowest ? 0 : index.first(id), discountOf(count));
  }
  const backoffs = totals.map((total, context) => (total > 0 ? (removed[context] ?? 0) / total : 1));
  const probabilities = Float64Array.from({ length: index.size }, (_, id) => {
    if (id === begin) return 1e-99;
    const [context, count] = [isLowest ? 0 : index.first(id), counts[id] ?? 0];
    const below = lower[isLowest ? 0 : suffixes[id] ?? 0] ?? 0;
    return (count - discountOf(count)) / (totals[context] ?? 1) + (backoffs[context] ?? 0) * below;
  });
  return { probabilities, backoffs, rest: backoffs[0] ?? 1 };
}

/**
 * D₁, D₂ and D₃₊ (Chen and Goodman 1999, equation 26), from how many n-grams were counted once to four times.
 * Where those numbers are too small to give discounts between 0 and the count, there are fixed ones.
 */
export function discountsOf(counts: Float64Array): Discounts {
  const [one, two, three, four] = [1, 2, 3, 4].map((wanted) => counts.reduce((sum, count) => sum + Number(count === wanted), 0));
  if (!one || !two || !three || four === undefined) return FALLBACK;
  const share = one / (one + 2 * two);
  const discounts = [1 - (2 * share * two) / one, 2 - (3 * share * three) / two, 3 - (4 * share * four) / three] as const;
  return discounts.every((discount, at) => discount > 0 && discount <= at + 1) ? discounts : FALLBACK;
}
