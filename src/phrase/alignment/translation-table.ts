import { accumulate } from "../arrays.ts";
import { PairIndex } from "../pair-index.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";

/**
 * t(f | e): the probability that a source word, or the empty word, gives a target word (Brown et al. 1993, section 4.1).
 * Only pairs of words that share a sentence pair have a cell. Expected counts are gathered beside the probabilities.
 */
export class TranslationTable {
  /** By cell. */
  readonly probabilities: Float64Array;
  /** Expected counts since the last `maximise`, by cell. */
  readonly counts: Float64Array;
  /** The number of the empty word, after all others. */
  readonly emptyWord: number;
  readonly #cells: PairIndex;

  /** All targets that a source word occurs with are equally likely at first. */
  constructor({ source, target, sourceWords }: SentencePairs) {
    this.emptyWord = sourceWords.size;
    this.#cells = new PairIndex();
    source.forEach((words, at) => {
      for (const to of target[at] ?? []) {
        for (const from of words) this.#cells.add(from, to);
        this.#cells.add(this.emptyWord, to);
      }
    });
    this.probabilities = new Float64Array(this.#cells.size);
    this.counts = new Float64Array(this.#cells.size).fill(1);
    this.maximise();
  }

  /**
   * The cells of a sentence pair, [target words, source words + 1]: each row ends with the empty word's.
   * Words that never met have none: -1, whose probability reads as 0.
   *
   * @param cells is filled where it is large enough
   */
  cellsOf(source: Int32Array, target: Int32Array, cells: Int32Array<ArrayBuffer> = new Int32Array(0)): Int32Array<ArrayBuffer> {
    const width = source.length + 1;
    const block = cells.length >= width * target.length ? cells : new Int32Array(2 * width * target.length);
    for (let j = 0, at = 0; j < target.length; j++) {
      const to = target[j] ?? 0;
      for (let i = 0; i < source.length; i++) block[at++] = this.#cells.find(source[i] ?? 0, to);
      block[at++] = this.#cells.find(this.emptyWord, to);
    }
    return block;
  }

  /** t(f | e) of two words, or of the empty word; 0 where they never met. */
  probability(source: number, target: number): number {
    return this.probabilities[this.#cells.find(source, target)] ?? 0;
  }

  /** Makes the expected counts the probabilities, normalised by source word, and starts counting anew. */
  maximise(): void {
    const totals = new Float64Array(this.emptyWord + 1);
    for (let cell = 0; cell < this.counts.length; cell++) accumulate(totals, this.#cells.first(cell), this.counts[cell] ?? 0);
    for (let cell = 0; cell < this.counts.length; cell++) {
      const total = totals[this.#cells.first(cell)] ?? 0;
      this.probabilities[cell] = total > 0 ? (this.counts[cell] ?? 0) / total : 0;
    }
    this.counts.fill(0);
  }
}
