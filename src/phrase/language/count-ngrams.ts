import { accumulate, grown } from "../arrays.ts";
import { PairIndex } from "../pair-index.ts";
import { PhraseError } from "../phrase-error.ts";
import { WordIndex } from "../words/word-index.ts";
import { BEGIN, END, NO_CONTEXT, UNKNOWN } from "./ngram-model.ts";

/** The n-grams of one order by number, with what Kneser and Ney count. */
export interface CountedNgrams {
  /** By the number of what an n-gram begins with, an n-gram of the order below, and its last word. */
  readonly index: PairIndex;
  /** How often an n-gram occurs where it is of the highest order or begins with `<s>`, and else how many words come before it. */
  readonly counts: Float64Array;
  /** The number, in the order below, of an n-gram without its first word. */
  readonly suffixes: Int32Array;
}

/** The words of a corpus and its n-grams from order 1 up. */
export interface NgramCounts {
  readonly words: WordIndex;
  readonly orders: readonly CountedNgrams[];
}

/**
 * Counts n-grams of sentences between `<s>` and `</s>`, lower orders by the different words before them
 * (Kneser and Ney 1995, section 3; Chen and Goodman 1999, equation 23).
 *
 * @throws PhraseError where a sentence has a word of the models' own
 */
export function countNgrams(sentences: Iterable<readonly string[]>, order: number): NgramCounts {
  const words = new WordIndex([UNKNOWN, BEGIN, END]);
  const levels = Array.from({ length: order }, () => ({ index: new PairIndex(), occurrences: new Float64Array(1024) }));
  for (const sentence of sentences) {
    const own = sentence.find((word) => word === UNKNOWN || word === BEGIN || word === END);
    if (own !== undefined) throw new PhraseError(`A sentence to count n-grams of has the word "${own}", which models keep for themselves; write it otherwise, or leave it out.`);
    const ids = [BEGIN, ...sentence, END].map((word) => words.add(word));
    for (let from = 0; from < ids.length; from++) {
      let ngram = NO_CONTEXT;
      for (const [level, word] of levels.map((each, at) => [each, ids[from + at]] as const)) {
        if (word === undefined) break;
        ngram = level.index.add(ngram, word);
        level.occurrences = grown(level.occurrences, ngram + 1);
        accumulate(level.occurrences, ngram, 1);
      }
    }
  }
  return { words, orders: adjusted(levels, words) };
}

interface Level {
  readonly index: PairIndex;
  readonly occurrences: Float64Array;
}

function adjusted(levels: readonly Level[], words: WordIndex): CountedNgrams[] {
  const begin = words.find(BEGIN) ?? 0;
  const suffixes = suffixesOf(levels);
  const starts = startsOf(levels, begin);
  return levels.map(({ index, occurrences }, at) => {
    const higher = levels[at + 1];
    const counts = occurrences.slice(0, index.size);
    if (higher !== undefined) {
      for (let id = 0; id < index.size; id++) if (starts[at]?.[id] !== 1) counts[id] = 0;
      for (let id = 0; id < higher.index.size; id++) {
        const suffix = suffixes[at + 1]?.[id] ?? 0;
        if (starts[at]?.[suffix] !== 1) accumulate(counts, suffix, 1);
      }
    }
    return { index, counts, suffixes: suffixes[at] ?? new Int32Array() };
  });
}

/** Of each n-gram of each order its number, in the order below, without the first word. */
function suffixesOf(levels: readonly Level[]): Int32Array[] {
  const all: Int32Array[] = [];
  levels.forEach(({ index }, at) => {
    const below = levels[at - 1]?.index;
    const shorter = all[at - 1];
    all.push(Int32Array.from({ length: index.size }, (_, id) => {
      if (below === undefined || shorter === undefined) return NO_CONTEXT;
      return below.find(at === 1 ? NO_CONTEXT : shorter[index.first(id)] ?? NO_CONTEXT, index.second(id));
    }));
  });
  return all;
}

/** Which n-grams of each order begin with `<s>`, and so have no word before them. */
function startsOf(levels: readonly Level[], begin: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  levels.forEach(({ index }, at) => {
    all.push(Uint8Array.from({ length: index.size }, (_, id) => (at === 0 ? Number(index.second(id) === begin) : all[at - 1]?.[index.first(id)] ?? 0)));
  });
  return all;
}
