import { setImmediate as otherWork } from "node:timers/promises";
import { bleuFromTotals, bleuStatistics, type BleuOptions } from "../../metrics/bleu.ts";
import { accumulate } from "../arrays.ts";
import type { NgramModel } from "../language/ngram-model.ts";
import { PhraseDecoder, type SearchSettings } from "../search/decoder.ts";
import { FEATURES, type Weights } from "../search/features.ts";
import { nBest } from "../search/n-best.ts";
import type { PhraseTable } from "../table/phrase-table.ts";
import { joinWords } from "../words/split-words.ts";
import { Candidates } from "./candidates.ts";
import { logBleu } from "./log-bleu.ts";
import { mert } from "./mert.ts";

/** A sentence to tune on: its words, and the text that they should become. */
export interface TuningSentence {
  readonly words: readonly string[];
  readonly reference: string;
}

export interface TuningSettings {
  /** Times that the sentences are translated, at most. */
  readonly iterations: number;
  /** Translations of each sentence that an iteration adds. */
  readonly nBest: number;
  readonly restarts: number;
  readonly seed: number;
  /** How BLEU is measured. */
  readonly bleu: BleuOptions;
}

export interface TuningIteration {
  readonly iteration: number;
  /** Of the best translations under the iteration's weights, 0 to 100. */
  readonly bleu: number;
  readonly weights: Weights;
  /** Translations that no iteration before had found. */
  readonly newCandidates: number;
}

/**
 * Tunes weights for BLEU: in turn the sentences are translated under the weights, their n-best lists are joined to those
 * before, and weights are sought under which the best of all lists have the highest BLEU (Och 2003, section 6), until nothing
 * new is found. Weights keep the sum of their sizes, so that pruning means the same throughout.
 *
 * @returns the weights whose translations had the highest BLEU
 */
export async function tuneWeights(
  sentences: readonly TuningSentence[], table: PhraseTable, language: NgramModel, initial: Weights, search: SearchSettings,
  settings: TuningSettings, onIteration: (iteration: TuningIteration) => void | Promise<void> = () => undefined,
): Promise<TuningIteration> {
  const pools = sentences.map(() => new Candidates(FEATURES.length, STATISTICS));
  let weights = initial;
  let best: TuningIteration | undefined;
  for (let iteration = 1; ; iteration++) {
    const decoder = new PhraseDecoder(table, language, weights, search);
    const { bleu, newCandidates } = await translateInto(pools, sentences, decoder, settings);
    const current = { iteration, bleu, weights, newCandidates };
    if (best === undefined || bleu > best.bleu) best = current;
    await onIteration(current);
    if (iteration >= settings.iterations || newCandidates === 0) return best;
    weights = ofEqualSize(mert(pools, weights, logBleu, { ...settings, stream: iteration }).weights, initial);
  }
}

/** Numbers that BLEU needs of a sentence. */
const STATISTICS = 10;

/** Sentences that are translated before other work of the process gets its turn. */
const SENTENCES_AT_ONCE = 8;

async function translateInto(
  pools: readonly Candidates[], sentences: readonly TuningSentence[], decoder: PhraseDecoder, { nBest: count, bleu }: TuningSettings,
): Promise<{ bleu: number; newCandidates: number }> {
  const totals = new Float64Array(STATISTICS);
  let newCandidates = 0;
  for (const [at, { words, reference }] of sentences.entries()) {
    const pool = pools[at];
    nBest(decoder.search(words), count).forEach(({ phrases }, rank) => {
      const text = joinWords(phrases.flatMap(({ target }) => target));
      const statistics = pool?.measure(text, () => bleuStatistics([text], [reference], bleu).values) ?? totals;
      if (pool?.add(decoder.features(phrases, words.length), statistics) === true) newCandidates++;
      if (rank === 0) statistics.forEach((value, place) => accumulate(totals, place, value));
    });
    if (at % SENTENCES_AT_ONCE === 0) await otherWork();
  }
  return { bleu: bleuFromTotals(totals, bleu).score, newCandidates };
}

/** Weights scaled so that their sizes add up to those of others. */
function ofEqualSize(weights: Weights, others: Weights): Weights {
  const size = (each: Weights): number => each.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const scale = size(others) / size(weights);
  return Number.isFinite(scale) ? weights.map((weight) => weight * scale) : others;
}
