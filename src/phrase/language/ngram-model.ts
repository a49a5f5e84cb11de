import { ABSENT, PairIndex } from "../pair-index.ts";
import { WordIndex } from "../words/word-index.ts";

/** Words with a meaning of their own in n-gram models, as in ARPA files. */
export const BEGIN = "<s>";
export const END = "</s>";
export const UNKNOWN = "<unk>";

/** What a model knows of an n-gram, its natural log-probability and the weight of backing off from it. */
export interface NgramEntry {
  readonly words: readonly string[];
  readonly logProbability: number;
  /** Natural log; 0 where nothing longer begins with it. */
  readonly logBackoff: number;
}

/** What reading words from a state on gives. */
export interface Reading {
  /** log p(words | state), nats. */
  readonly logProbability: number;
  readonly state: number;
}

/** The state before any word: no context. */
export const NO_CONTEXT = -1;

/**
 * A back-off n-gram model: p(w | h) is that of the n-gram h w where the model has it, and else b(h) · p(w | h without its
 * first word) (Katz 1987; with interpolated probabilities stored, Chen and Goodman 1999, section 2.8).
 *
 * A state is the number of the longest context that the model holds, or `NO_CONTEXT`; two histories of one state are
 * alike to every continuation.
 */
export class NgramModel {
  readonly order: number;
  readonly words = new WordIndex();
  /** n-grams by the number of what they begin with and their last word. */
  readonly #ngrams = new PairIndex();
  readonly #logProbabilities: Float64Array;
  readonly #logBackoffs: Float64Array;
  readonly #orders: Uint8Array;
  /** The n-gram without its first word, or the longest part of it that the model has. */
  readonly #suffixes: Int32Array;
  /** The number of a unigram by its word. */
  readonly #unigrams: Int32Array;
  readonly #unknown: number;

  /**
   * @param entries by order, every n-gram after the one it begins with
   * @throws RangeError where there is none for `<unk>`, `<s>` or `</s>`, or what an n-gram begins with is missing
   */
  constructor(entries: readonly (readonly NgramEntry[])[]) {
    this.order = entries.length;
    const total = entries.reduce((sum, { length }) => sum + length, 0);
    this.#logProbabilities = new Float64Array(total);
    this.#logBackoffs = new Float64Array(total);
    this.#orders = new Uint8Array(total);
    this.#suffixes = new Int32Array(total).fill(NO_CONTEXT);
    for (const entry of entries.flat()) this.#enter(entry);
    this.#unigrams = Int32Array.from({ length: this.words.size }, (_, word) => this.#ngrams.find(NO_CONTEXT, word));
    this.#unknown = this.#required(UNKNOWN);
    this.#required(END);
    this.#required(BEGIN);
  }

  /** How many n-grams of each order there are. */
  get counts(): number[] {
    const counts = new Array<number>(this.order).fill(0);
    for (const order of this.#orders) counts[order - 1] = (counts[order - 1] ?? 0) + 1;
    return counts;
  }

  /** The state at the beginning of a sentence. */
  get begin(): number {
    return this.#context(this.#required(BEGIN));
  }

  /** The number of a word, for `read`; that of `<unk>` where the model lacks it. */
  wordId(word: string): number {
    return this.words.find(word) ?? this.words.find(UNKNOWN) ?? ABSENT;
  }

  /** log p of a sentence's end after a state, nats. */
  logEnd(state: number): number {
    return this.read(state, [this.wordId(END)]).logProbability;
  }

  /** Reads words from a state on. */
  read(state: number, words: ArrayLike<number>): Reading {
    let [logProbability, reached] = [0, state];
    for (let at = 0; at < words.length; at++) {
      const word = words[at] ?? ABSENT;
      let context = reached;
      let found = ABSENT;
      for (; context !== NO_CONTEXT; context = this.#suffixes[context] ?? NO_CONTEXT) {
        found = this.#ngrams.find(context, word);
        if (found !== ABSENT) break;
        logProbability += this.#logBackoffs[context] ?? 0;
      }
      if (found === ABSENT) found = this.#unigrams[word] ?? this.#unknown;
      logProbability += this.#logProbabilities[found] ?? 0;
      reached = this.#context(found);
    }
    return { logProbability, state: reached };
  }

  /** log p of a sentence with its end, nats. */
  scoreSentence(words: readonly string[]): number {
    return this.read(this.begin, [...words, END].map((word) => this.wordId(word))).logProbability;
  }

  /** The n-grams of each order, in the order in which they were given. */
  *entries(order: number): Generator<NgramEntry> {
    for (let id = 0; id < this.#orders.length; id++) {
      if (this.#orders[id] !== order) continue;
      yield { words: this.#wordsOf(id), logProbability: this.#logProbabilities[id] ?? 0, logBackoff: this.#logBackoffs[id] ?? 0 };
    }
  }

  #enter({ words, logProbability, logBackoff }: NgramEntry): void {
    const ids = words.map((word) => (words.length === 1 ? this.words.add(word) : this.words.find(word) ?? ABSENT));
    const context = this.#find(ids.slice(0, -1));
    if (context === ABSENT && words.length > 1) throw new RangeError(`the n-gram "${words.join(" ")}" comes without "${words.slice(0, -1).join(" ")}"`);
    const before = this.#ngrams.size;
    const id = this.#ngrams.add(context, ids.at(-1) ?? ABSENT);
    if (this.#ngrams.size === before) throw new RangeError(`the n-gram "${words.join(" ")}" comes twice`);
    this.#logProbabilities[id] = logProbability;
    this.#logBackoffs[id] = logBackoff;
    this.#orders[id] = words.length;
    for (let from = 1; from < ids.length && this.#suffixes[id] === NO_CONTEXT; from++) this.#suffixes[id] = this.#find(ids.slice(from));
  }

  /** The number of an n-gram; `ABSENT`, which is `NO_CONTEXT`, where the model has none or it is empty. */
  #find(ids: readonly number[]): number {
    let id = NO_CONTEXT;
    for (const word of ids) {
      id = this.#ngrams.find(id, word);
      if (id === ABSENT) return ABSENT;
    }
    return id;
  }

  /** An n-gram as a context: one of the highest order without its first word. */
  #context(ngram: number): number {
    const context = this.#orders[ngram] === this.order ? this.#suffixes[ngram] ?? NO_CONTEXT : ngram;
    return this.order === 1 ? NO_CONTEXT : context;
  }

  #required(word: string): number {
    const id = this.#ngrams.find(NO_CONTEXT, this.words.find(word) ?? ABSENT);
    if (id === ABSENT) throw new RangeError(`the unigram ${word} is missing`);
    return id;
  }

  #wordsOf(id: number): string[] {
    const words: string[] = [];
    for (let at = id; at !== NO_CONTEXT; at = this.#ngrams.first(at)) words.unshift(this.words.word(this.#ngrams.second(at)));
    return words;
  }
}
