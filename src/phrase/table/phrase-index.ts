import { ABSENT, PairIndex } from "../pair-index.ts";

/** The phrase without a word, with which all others begin. */
export const NO_PHRASE = ABSENT;

/** Phrases by number: a trie of words, in which a phrase is known by what it begins with and its last word. */
export class PhraseIndex {
  readonly #index = new PairIndex();

  /** Phrases and what phrases begin with; numbers are below. */
  get size(): number {
    return this.#index.size;
  }

  /** The number of a phrase with a word after it, which gets the next number where it is new. */
  extend(phrase: number, word: number): number {
    return this.#index.add(phrase, word);
  }

  /** The number of a phrase with a word after it, or `NO_PHRASE` where neither it nor a longer one was added. */
  find(phrase: number, word: number): number {
    return this.#index.find(phrase, word);
  }

  /** Adds the phrase at the places `from` to `to − 1` of a sentence. */
  add(sentence: ArrayLike<number>, from = 0, to = sentence.length): number {
    let phrase = NO_PHRASE;
    for (let at = from; at < to; at++) phrase = this.#index.add(phrase, sentence[at] ?? 0);
    return phrase;
  }

  /** The words of a phrase. */
  words(phrase: number): number[] {
    const words: number[] = [];
    for (let at = phrase; at !== NO_PHRASE; at = this.#index.first(at)) words.push(this.#index.second(at));
    return words.reverse();
  }
}
