import type { AlignmentLinks } from "../alignment/symmetrise.ts";
import { accumulate, grown } from "../arrays.ts";
import { PairIndex } from "../pair-index.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import { extractPhrases } from "./extract.ts";
import { LexicalWeights } from "./lexical-weights.ts";
import { orientationToNext, orientationToPrevious, ORIENTATIONS } from "./orientation.ts";
import { PhraseIndex } from "./phrase-index.ts";
import { PhraseTable } from "./phrase-table.ts";
import { WordIndex } from "../words/word-index.ts";

/** How much of the orientations of all phrases goes into those of one: as of this many occurrences (Koehn et al. 2005). */
const ORIENTATION_SMOOTHING = 0.5;

/**
 * Gathers the phrase pairs of an aligned corpus: φ by relative frequency, the largest lexical weight of a pair's
 * occurrences, and how often it stood in each orientation (Koehn, Och and Marcu 2003, sections 3 and 4).
 *
 * @param maximumLength words of each side of a phrase
 */
export function buildPhraseTable(sentences: SentencePairs, alignments: readonly AlignmentLinks[], maximumLength: number): PhraseTable {
  const occurrences = new PhraseOccurrences();
  const lexical = new LexicalWeights(sentences, alignments);
  alignments.forEach((links, at) => {
    const [source, target] = [sentences.source[at] ?? new Int32Array(), sentences.target[at] ?? new Int32Array()];
    for (const span of extractPhrases(links, maximumLength)) {
      occurrences.add({
        source: occurrences.source.add(source, span.sourceFrom, span.sourceTo),
        target: occurrences.target.add(target, span.targetFrom, span.targetTo),
        lexical: lexical.of(source, target, links, span),
        previous: orientationToPrevious(links, span),
        next: orientationToNext(links, span),
      });
    }
  });
  return occurrences.table(sentences);
}

interface Occurrence {
  readonly source: number;
  readonly target: number;
  readonly lexical: { readonly direct: number; readonly inverse: number };
  readonly previous: number;
  readonly next: number;
}

/** What was counted of phrase pairs, by the number of the pair. */
class PhraseOccurrences {
  readonly source = new PhraseIndex();
  readonly target = new PhraseIndex();
  readonly #pairs = new PairIndex();
  #sourceTotals = new Float64Array(1024);
  #targetTotals = new Float64Array(1024);
  #counts = new Float64Array(1024);
  #direct = new Float64Array(1024);
  #inverse = new Float64Array(1024);
  #orientations = new Float64Array(1024);

  add({ source, target, lexical: { direct, inverse }, previous, next }: Occurrence): void {
    const pair = this.#pairs.add(source, target);
    this.#counts = grown(this.#counts, pair + 1);
    this.#direct = grown(this.#direct, pair + 1);
    this.#inverse = grown(this.#inverse, pair + 1);
    this.#orientations = grown(this.#orientations, (pair + 1) * ORIENTATIONS);
    this.#sourceTotals = grown(this.#sourceTotals, source + 1);
    this.#targetTotals = grown(this.#targetTotals, target + 1);
    accumulate(this.#counts, pair, 1);
    accumulate(this.#sourceTotals, source, 1);
    accumulate(this.#targetTotals, target, 1);
    accumulate(this.#orientations, pair * ORIENTATIONS + previous, 1);
    accumulate(this.#orientations, pair * ORIENTATIONS + ORIENTATIONS / 2 + next, 1);
    this.#direct[pair] = Math.max(this.#direct[pair] ?? 0, direct);
    this.#inverse[pair] = Math.max(this.#inverse[pair] ?? 0, inverse);
  }

  table({ sourceWords, targetWords }: SentencePairs): PhraseTable {
    const table = new PhraseTable(new WordIndex(), new WordIndex());
    const overall = this.#overallOrientations();
    for (let pair = 0; pair < this.#pairs.size; pair++) {
      const [source, target, count] = [this.#pairs.first(pair), this.#pairs.second(pair), this.#counts[pair] ?? 0];
      table.add({
        source: this.source.words(source).map((word) => sourceWords.word(word)),
        target: this.target.words(target).map((word) => targetWords.word(word)),
        scores: [count / (this.#targetTotals[target] ?? 1), this.#inverse[pair] ?? 0, count / (this.#sourceTotals[source] ?? 1), this.#direct[pair] ?? 0],
        orientations: overall.map((share, at) => (
          ((this.#orientations[pair * ORIENTATIONS + at] ?? 0) + ORIENTATION_SMOOTHING * share) / (count + ORIENTATION_SMOOTHING))),
        count,
      });
    }
    return table;
  }

  /** Shares of the orientations over all occurrences, [ORIENTATIONS]; one more of each, so that none is 0. */
  #overallOrientations(): number[] {
    const sums = new Array<number>(ORIENTATIONS).fill(1);
    for (let at = 0; at < this.#pairs.size * ORIENTATIONS; at++) sums[at % ORIENTATIONS] = (sums[at % ORIENTATIONS] ?? 0) + (this.#orientations[at] ?? 0);
    const total = sums.slice(0, ORIENTATIONS / 2).reduce((sum, each) => sum + each, 0);
    return sums.map((sum) => sum / total);
  }
}
