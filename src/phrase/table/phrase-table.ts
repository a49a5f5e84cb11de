import type { WordIndex } from "../words/word-index.ts";
import { ORIENTATIONS } from "./orientation.ts";
import { NO_PHRASE, PhraseIndex } from "./phrase-index.ts";

/** Scores of a phrase pair, in this order as in Moses' tables: φ(s | t), lex(s | t), φ(t | s), lex(t | s). */
export const PHRASE_SCORES = 4;

/** What a table says of a phrase pair. */
export interface PhrasePair {
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Probabilities, [PHRASE_SCORES]. */
  readonly scores: readonly number[];
  /** Probabilities, [ORIENTATIONS]. */
  readonly orientations: readonly number[];
  /** How often the pair was extracted. */
  readonly count: number;
}

/** Phrase pairs by source phrase, in arrays. */
export class PhraseTable {
  readonly #source = new PhraseIndex();
  readonly #target = new PhraseIndex();
  /** The first and last pair of a source phrase, -1 where it has none, and the next pair of the same source; -1 at the end. */
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #next: number[] = [];
  readonly #targets: number[] = [];
  readonly #counts: number[] = [];
  /** Natural logs, [pairs, PHRASE_SCORES] and [pairs, ORIENTATIONS]. */
  #logScores = new Float32Array(1024);
  #logOrientations = new Float32Array(1024);

  /** @param sourceWords, targetWords are added to as pairs are */
  constructor(readonly sourceWords: WordIndex, readonly targetWords: WordIndex) {}

  /** Phrase pairs. */
  get size(): number {
    return this.#targets.length;
  }

  /** Adds a pair, after those of the same source that are there. */
  add({ source, target, scores, orientations, count }: PhrasePair): void {
    const sourcePhrase = this.#source.add(source.map((word) => this.sourceWords.add(word)));
    const pair = this.#targets.length;
    this.#targets.push(this.#target.add(target.map((word) => this.targetWords.add(word))));
    this.#next.push(-1);
    while (this.#first.length < this.#source.size) {
      this.#first.push(-1);
      this.#last.push(-1);
    }
    const last = this.#last[sourcePhrase] ?? -1;
    if (last === -1) this.#first[sourcePhrase] = pair;
    else this.#next[last] = pair;
    this.#last[sourcePhrase] = pair;
    this.#counts.push(count);
    this.#logScores = withRoom(this.#logScores, (pair + 1) * PHRASE_SCORES);
    this.#logOrientations = withRoom(this.#logOrientations, (pair + 1) * ORIENTATIONS);
    scores.forEach((score, at) => (this.#logScores[pair * PHRASE_SCORES + at] = Math.log(score)));
    orientations.forEach((probability, at) => (this.#logOrientations[pair * ORIENTATIONS + at] = Math.log(probability)));
  }

  /** The number of the source phrase that a word makes of another, or `NO_PHRASE` where no phrase begins so. */
  sourcePhrase(phrase: number, word: number): number {
    return this.#source.find(phrase, word);
  }

  /** The number of a source phrase; `NO_PHRASE` where no phrase begins so. */
  find(source: readonly string[]): number {
    let phrase = NO_PHRASE;
    for (const word of source) {
      phrase = this.#source.find(phrase, this.sourceWords.find(word) ?? NO_PHRASE);
      if (phrase === NO_PHRASE) break;
    }
    return phrase;
  }

  /** The pairs of a source phrase, by number. */
  *pairsOf(phrase: number): Generator<number> {
    for (let pair = this.#first[phrase] ?? -1; pair !== -1; pair = this.#next[pair] ?? -1) yield pair;
  }

  /** The target words of a pair. */
  targetOf(pair: number): number[] {
    return this.#target.words(this.#targets[pair] ?? NO_PHRASE);
  }

  /** Natural logs of the pair's scores, [PHRASE_SCORES]. */
  logScores(pair: number): Float32Array {
    return this.#logScores.subarray(pair * PHRASE_SCORES, (pair + 1) * PHRASE_SCORES);
  }

  /** Natural logs of the pair's orientations, [ORIENTATIONS]. */
  logOrientations(pair: number): Float32Array {
    return this.#logOrientations.subarray(pair * ORIENTATIONS, (pair + 1) * ORIENTATIONS);
  }

  /** All pairs, those of one source phrase together. */
  *[Symbol.iterator](): Generator<PhrasePair> {
    for (let phrase = 0; phrase < this.#first.length; phrase++) {
      if (this.#first[phrase] === -1) continue;
      const source = this.#source.words(phrase).map((word) => this.sourceWords.word(word));
      for (const pair of this.pairsOf(phrase)) {
        yield {
          source,
          target: this.targetOf(pair).map((word) => this.targetWords.word(word)),
          scores: Array.from(this.logScores(pair), Math.exp),
          orientations: Array.from(this.logOrientations(pair), Math.exp),
          count: this.#counts[pair] ?? 0,
        };
      }
    }
  }
}

function withRoom(array: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const longer = new Float32Array(2 * length);
  longer.set(array);
  return longer;
}
