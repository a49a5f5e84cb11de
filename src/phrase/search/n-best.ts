import type { SearchResult } from "./decoder.ts";
import { Heap } from "./heap.ts";
import type { Hypothesis } from "./hypothesis.ts";
import type { TranslationOption } from "./translation-options.ts";

/** A translation as the phrases that it was made of, in the order of the target. */
export interface Derivation {
  readonly phrases: readonly TranslationOption[];
  readonly score: number;
}

/** The end of a derivation, from a hypothesis on. */
interface Tail {
  readonly hypothesis: Hypothesis;
  readonly rest: Chain | undefined;
  readonly restScore: number;
  /** Of the best derivation that ends so. */
  readonly score: number;
  readonly sequence: number;
}

interface Chain {
  readonly option: TranslationOption;
  readonly rest: Chain | undefined;
}

/** Derivations that are looked at for each one asked for, since different ones may have the same words. */
const LOOKED_AT = 100;

/**
 * The best translations with different words that a search has found, best first: a best-first search from the sentence's end
 * through all ways into each hypothesis, which is exact since the score of the best way to each is known (Koehn 2010, section
 * 9.1.2; Ueffing, Och and Ney 2002).
 */
export function nBest({ complete, beginning }: SearchResult, count: number): Derivation[] {
  let sequence = 0;
  const queue = new Heap<Tail>((a, b) => a.score > b.score || (a.score === b.score && a.sequence < b.sequence));
  for (const hypothesis of complete) queue.push({ hypothesis, rest: undefined, restScore: 0, score: hypothesis.score, sequence: sequence++ });
  const found = new Map<string, Derivation>();
  for (let looked = 0; found.size < count && looked < count * LOOKED_AT;) {
    const tail = queue.pop();
    if (tail === undefined) break;
    if (tail.hypothesis === beginning) {
      looked++;
      const phrases = unchained(tail.rest);
      const words = phrases.map(({ target }) => target.join(" ")).join(" ");
      if (!found.has(words)) found.set(words, { phrases, score: tail.score });
      continue;
    }
    for (const { previous, option, added } of tail.hypothesis.arcs) {
      const restScore = tail.restScore + added;
      queue.push({ hypothesis: previous, rest: { option, rest: tail.rest }, restScore, score: previous.score + restScore, sequence: sequence++ });
    }
  }
  return [...found.values()];
}

function unchained(chain: Chain | undefined): TranslationOption[] {
  const options: TranslationOption[] = [];
  for (let at = chain; at !== undefined; at = at.rest) options.push(at.option);
  return options;
}
