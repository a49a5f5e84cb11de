import { ABSENT } from "../pair-index.ts";
import { NO_CONTEXT, type NgramModel } from "../language/ngram-model.ts";
import { NO_PHRASE } from "../table/phrase-index.ts";
import { PHRASE_SCORES, type PhraseTable } from "../table/phrase-table.ts";
import { LANGUAGE_MODEL, PHRASES, UNKNOWN_WORD_SCORE, WORDS, type Weights } from "./features.ts";

/** A way to translate the source words at the places `from` to `to − 1`. */
export interface TranslationOption {
  readonly from: number;
  readonly to: number;
  /** Its number in the table; `COPIED` for a word that the table lacks. */
  readonly pair: number;
  readonly target: readonly string[];
  /** The target's words as the language model numbers them. */
  readonly words: Int32Array;
  /** Of the phrase alone, weighted: its scores, its length and the phrase penalty. */
  readonly score: number;
  /** `score` with the language model's of the words without what comes before, weighted. */
  readonly estimate: number;
  /** Logs of the orientations to the phrase before and after, [ORIENTATIONS]; none for a copied word. */
  readonly orientations: Float32Array | undefined;
}

type PlacelessOption = Omit<TranslationOption, "from" | "to">;

/** The pair of a word that is copied. */
export const COPIED = -1;

/** The options of a sentence by place and length: `options[from][to − from − 1]`, the best first. */
export type SentenceOptions = readonly (readonly (readonly TranslationOption[])[])[];

/** Gives the options of sentences under a table, a language model and weights. */
export class OptionFinder {
  readonly #languageWords: Int32Array;
  /** The best translations of the phrases that were asked for, by source phrase: common words have thousands. */
  readonly #known = new Map<number, readonly PlacelessOption[]>();

  constructor(readonly table: PhraseTable, readonly language: NgramModel, readonly weights: Weights, readonly perPhrase: number) {
    this.#languageWords = languageWords(table, language);
  }

  /** The best `perPhrase` options of each phrase that the table holds; a word that it does not hold alone can also be copied. */
  of(sentence: readonly string[]): SentenceOptions {
    const ids = sentence.map((word) => this.table.sourceWords.find(word) ?? ABSENT);
    return sentence.map((word, from) => {
      const byLength: TranslationOption[][] = [];
      let phrase = NO_PHRASE;
      for (let to = from + 1; to <= sentence.length; to++) {
        const id = ids[to - 1] ?? ABSENT;
        phrase = id === ABSENT ? NO_PHRASE : this.table.sourcePhrase(phrase, id);
        if (phrase === NO_PHRASE) break;
        byLength.push(this.#best(phrase).map((option) => ({ ...option, from, to })));
      }
      if ((byLength[0] ?? []).length === 0) byLength[0] = [this.#copy(word, from)];
      return byLength;
    });
  }

  #best(phrase: number): readonly PlacelessOption[] {
    const known = this.#known.get(phrase);
    if (known !== undefined) return known;
    const options = Array.from(this.table.pairsOf(phrase), (pair) => this.#option(pair));
    const best = options.sort((a, b) => b.estimate - a.estimate || a.pair - b.pair).slice(0, this.perPhrase);
    this.#known.set(phrase, best);
    return best;
  }

  #option(pair: number): PlacelessOption {
    const target = this.table.targetOf(pair);
    const words = Int32Array.from(target, (word) => this.#languageWords[word] ?? ABSENT);
    const logScores = this.table.logScores(pair);
    let score = this.#penalties(words.length);
    for (let at = 0; at < PHRASE_SCORES; at++) score += (this.weights[at] ?? 0) * (logScores[at] ?? 0);
    return {
      pair, words, score,
      target: target.map((word) => this.table.targetWords.word(word)),
      estimate: score + this.#languageEstimate(words),
      orientations: this.table.logOrientations(pair),
    };
  }

  #copy(word: string, from: number): TranslationOption {
    const words = Int32Array.of(this.language.wordId(word));
    const score = UNKNOWN_WORD_SCORE + this.#penalties(1);
    return { from, to: from + 1, pair: COPIED, target: [word], words, score, estimate: score + this.#languageEstimate(words), orientations: undefined };
  }

  #penalties(words: number): number {
    return (this.weights[PHRASES] ?? 0) + (this.weights[WORDS] ?? 0) * words;
  }

  #languageEstimate(words: Int32Array): number {
    return (this.weights[LANGUAGE_MODEL] ?? 0) * this.language.read(NO_CONTEXT, words).logProbability;
  }
}

/** The language model's number of each of the table's target words. */
function languageWords(table: PhraseTable, language: NgramModel): Int32Array {
  return Int32Array.from({ length: table.targetWords.size }, (_, word) => language.wordId(table.targetWords.word(word)));
}
