import type { Pair } from "../../data/source.ts";
import { splitIntoWords, type SplitOptions } from "./split-words.ts";
import { WordIndex } from "./word-index.ts";

/** Sentences as numbers of words, pair by pair. */
export interface SentencePairs {
  readonly source: readonly Int32Array[];
  readonly target: readonly Int32Array[];
  readonly sourceWords: WordIndex;
  readonly targetWords: WordIndex;
}

export interface PairLimits {
  readonly maximumSourceLength: number;
  readonly maximumTargetLength: number;
}

/** Pairs that were left out, by reason. */
export interface LeftOut {
  readonly empty: number;
  readonly tooLong: number;
}

/** Cuts pairs into words. Those with an empty side or more words than the limits are left out and counted. */
export function sentencePairs(pairs: readonly Pair[], limits: PairLimits, options: SplitOptions): { sentences: SentencePairs; leftOut: LeftOut } {
  const [sourceWords, targetWords] = [new WordIndex(), new WordIndex()];
  const [source, target]: [Int32Array[], Int32Array[]] = [[], []];
  let [empty, tooLong] = [0, 0];
  for (const pair of pairs) {
    const [from, to] = [splitIntoWords(pair.source, options), splitIntoWords(pair.target, options)];
    if (from.length === 0 || to.length === 0) empty++;
    else if (from.length > limits.maximumSourceLength || to.length > limits.maximumTargetLength) tooLong++;
    else {
      source.push(Int32Array.from(from, (word) => sourceWords.add(word)));
      target.push(Int32Array.from(to, (word) => targetWords.add(word)));
    }
  }
  return { sentences: { source, target, sourceWords, targetWords }, leftOut: { empty, tooLong } };
}

/** The same pairs with the sides exchanged. */
export function exchanged({ source, target, sourceWords, targetWords }: SentencePairs): SentencePairs {
  return { source: target, target: source, sourceWords: targetWords, targetWords: sourceWords };
}
