import { accumulate } from "../arrays.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import { EMPTY, type Alignment, type AlignmentModel } from "./alignment-model.ts";
import type { TranslationTable } from "./translation-table.ts";

/**
 * IBM Model 1: p(f, a | e) = Π_j t(f_j | e_{a_j}) / (I + 1); every place is equally likely (Brown et al. 1993, section 4.1,
 * equations 5 to 17). Its likelihood has one maximum, so that it gives the other models their start.
 */
export class Model1 implements AlignmentModel {
  readonly name = "model1";
  #cells = new Int32Array(0);

  constructor(readonly sentences: SentencePairs, readonly table: TranslationTable) {}

  iterate(): number {
    const { probabilities, counts } = this.table;
    let logLikelihood = 0;
    this.sentences.source.forEach((source, at) => {
      const target = this.sentences.target[at] ?? new Int32Array();
      const width = source.length + 1;
      const cells = this.#cells = this.table.cellsOf(source, target, this.#cells);
      for (let row = 0; row < target.length * width; row += width) {
        let total = 0;
        for (let i = row; i < row + width; i++) total += probabilities[cells[i] ?? 0] ?? 0;
        logLikelihood += Math.log(total / width);
        for (let i = row; i < row + width; i++) accumulate(counts, cells[i] ?? 0, (probabilities[cells[i] ?? 0] ?? 0) / total);
      }
    });
    this.table.maximise();
    return logLikelihood;
  }

  align(source: Int32Array, target: Int32Array): Alignment {
    const cells = this.table.cellsOf(source, target);
    const width = source.length + 1;
    return target.map((_, j) => {
      let [best, place] = [this.table.probabilities[cells[j * width + source.length] ?? -1] ?? 0, EMPTY];
      for (let i = 0; i < source.length; i++) {
        const probability = this.table.probabilities[cells[j * width + i] ?? -1] ?? 0;
        if (probability > best) [best, place] = [probability, i];
      }
      return place;
    });
  }
}
