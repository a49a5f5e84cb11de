import type { TextTranslation, TextTranslator } from "../../train/translator/text-translator.ts";
import { PhraseDecoder } from "../search/decoder.ts";
import { namedWeights } from "../search/features.ts";
import { nBest, type Derivation } from "../search/n-best.ts";
import { COPIED } from "../search/translation-options.ts";
import { NO_PHRASE } from "../table/phrase-index.ts";
import { joinWords, splitIntoWords } from "../words/split-words.ts";
import { openPhraseRun, type OpenedPhraseRun } from "./phrase-run.ts";

/** Size of the search's stacks where none is asked for. */
export const STANDARD_BEAM = 200;

export interface PhraseTranslateOptions {
  /** Hypotheses in each stack of the search; 200 by default. */
  readonly beam?: number;
  /** Translations of each sentence; 1 by default. */
  readonly nBest?: number;
  /** Called after each sentence with the number of those that are done and of all. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Source words that were translated together, and into what. */
export interface UsedPhrase {
  /** The places of the source words: `from` to `to − 1`. */
  readonly from: number;
  readonly to: number;
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Whether the table holds it; otherwise it is a word that was copied. */
  readonly held: boolean;
}

/** A source phrase that the table holds. */
export interface HeldPhrase {
  readonly from: number;
  readonly to: number;
  readonly source: readonly string[];
  /** How many translations of it there are. */
  readonly translations: number;
}

/** Of a sentence: what it became, by which phrases, and which phrases of it the table holds. */
export interface Explanation {
  readonly source: readonly string[];
  readonly translation: TextTranslation;
  readonly used: readonly UsedPhrase[];
  readonly held: readonly HeldPhrase[];
}

const EMPTY: TextTranslation = { text: "", tokens: [], score: 0 };

/**
 * A trained phrase-based translator in use.
 *
 *     const translator = await PhraseTranslator.open("runs/captions-phrases");
 *     const [best] = await translator.translate(["A man is sleeping on a bench."]);
 *     console.log(best?.text);
 */
export class PhraseTranslator implements TextTranslator {
  readonly #run: OpenedPhraseRun;

  private constructor(run: OpenedPhraseRun) {
    this.#run = run;
  }

  /** @throws PhraseError, DataError or RunDirectoryError where a file of the run is missing or damaged */
  static async open(path: string): Promise<PhraseTranslator> {
    return new PhraseTranslator(await openPhraseRun(path));
  }

  async translate(sentences: readonly string[], options: PhraseTranslateOptions = {}): Promise<TextTranslation[]> {
    const lists = await this.translateNBest(sentences, { ...options, nBest: 1 });
    return lists.map(([best]) => best ?? EMPTY);
  }

  /** The best translations of each sentence with different words; fewer than asked for where the search found fewer. */
  async translateNBest(sentences: readonly string[], options: PhraseTranslateOptions = {}): Promise<TextTranslation[][]> {
    const decoder = this.#decoder(options);
    return sentences.map((sentence, at) => {
      const words = splitIntoWords(sentence, this.#run.config.tokenizer);
      const list = words.length === 0 ? [EMPTY]
        : nBest(decoder.search(words), options.nBest ?? 1).map((derivation) => translationOf(derivation, decoder, words.length));
      options.onProgress?.(at + 1, sentences.length);
      return list;
    });
  }

  /** What a sentence becomes and by which phrases, and which of its phrases the table holds. */
  explain(sentence: string, options: PhraseTranslateOptions = {}): Explanation {
    const source = splitIntoWords(sentence, this.#run.config.tokenizer);
    if (source.length === 0) return { source, translation: EMPTY, used: [], held: [] };
    const decoder = this.#decoder(options);
    const [best = { phrases: [], score: 0 }] = nBest(decoder.search(source), 1);
    const used = best.phrases.map(({ from, to, target, pair }) => ({ from, to, source: source.slice(from, to), target, held: pair !== COPIED }));
    return { source, used, translation: translationOf(best, decoder, source.length), held: this.#held(source) };
  }

  #held(source: readonly string[]): HeldPhrase[] {
    const { table } = this.#run;
    return source.flatMap((_, from) => {
      const phrases: HeldPhrase[] = [];
      for (let to = from + 1; to <= source.length; to++) {
        const phrase = table.find(source.slice(from, to));
        if (phrase === NO_PHRASE) break;
        const translations = [...table.pairsOf(phrase)].length;
        if (translations > 0) phrases.push({ from, to, source: source.slice(from, to), translations });
      }
      return phrases;
    });
  }

  #decoder({ beam = STANDARD_BEAM }: PhraseTranslateOptions): PhraseDecoder {
    const { table, language, weights, config } = this.#run;
    return new PhraseDecoder(table, language, weights, { ...config.model, beam });
  }

  async dispose(): Promise<void> {
    // Nothing is held but memory.
  }
}

function translationOf({ phrases, score }: Derivation, decoder: PhraseDecoder, sourceLength: number): TextTranslation {
  const tokens = phrases.flatMap(({ target }) => target);
  return { text: joinWords(tokens), tokens, score, features: namedWeights(decoder.features(phrases, sourceLength)) };
}
