import { accumulate } from "../arrays.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import { EMPTY, type Alignment, type AlignmentModel } from "./alignment-model.ts";
import type { TranslationTable } from "./translation-table.ts";

/** a(i | j, J, I) of sentence pairs of one pair of lengths, [target words, source words + 1], and expected counts. */
interface Places {
  probabilities: Float64Array;
  counts: Float64Array;
}

/**
 * IBM Model 2: p(f, a | e) = Π_j t(f_j | e_{a_j}) a(a_j | j, J, I); the place depends on the target place and both lengths
 * (Brown et al. 1993, section 4.2, equations 21 to 26).
 */
export class Model2 implements AlignmentModel {
  readonly name = "model2";
  readonly #places = new Map<string, Places>();
  #cells = new Int32Array(0);

  constructor(readonly sentences: SentencePairs, readonly table: TranslationTable) {}

  iterate(): number {
    const { probabilities, counts } = this.table;
    let logLikelihood = 0;
    this.sentences.source.forEach((source, at) => {
      const target = this.sentences.target[at] ?? new Int32Array();
      const width = source.length + 1;
      const cells = this.#cells = this.table.cellsOf(source, target, this.#cells);
      const places = this.#placesOf(source.length, target.length);
      for (let row = 0; row < target.length * width; row += width) {
        let total = 0;
        for (let i = row; i < row + width; i++) total += (probabilities[cells[i] ?? 0] ?? 0) * (places.probabilities[i] ?? 0);
        logLikelihood += Math.log(total);
        for (let i = row; i < row + width; i++) {
          const share = ((probabilities[cells[i] ?? 0] ?? 0) * (places.probabilities[i] ?? 0)) / total;
          accumulate(counts, cells[i] ?? 0, share);
          accumulate(places.counts, i, share);
        }
      }
    });
    this.#maximise();
    return logLikelihood;
  }

  align(source: Int32Array, target: Int32Array): Alignment {
    const cells = this.table.cellsOf(source, target);
    const width = source.length + 1;
    const { probabilities } = this.#places.get(`${source.length} ${target.length}`) ?? uniform(source.length, target.length);
    const joint = (j: number, i: number): number => (this.table.probabilities[cells[j * width + i] ?? -1] ?? 0) * (probabilities[j * width + i] ?? 0);
    return target.map((_, j) => {
      let [best, place] = [joint(j, source.length), EMPTY];
      for (let i = 0; i < source.length; i++) if (joint(j, i) > best) [best, place] = [joint(j, i), i];
      return place;
    });
  }

  #placesOf(sourceLength: number, targetLength: number): Places {
    const key = `${sourceLength} ${targetLength}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const places = uniform(sourceLength, targetLength);
    this.#places.set(key, places);
    return places;
  }

  #maximise(): void {
    this.table.maximise();
    for (const [key, places] of this.#places) {
      const width = Number(key.split(" ")[0]) + 1;
      for (let row = 0; row < places.counts.length; row += width) {
        const total = places.counts.subarray(row, row + width).reduce((sum, each) => sum + each, 0);
        for (let i = row; i < row + width; i++) places.probabilities[i] = (places.counts[i] ?? 0) / total;
      }
      places.counts.fill(0);
    }
  }
}

function uniform(sourceLength: number, targetLength: number): Places {
  const size = (sourceLength + 1) * targetLength;
  return { probabilities: new Float64Array(size).fill(1 / (sourceLength + 1)), counts: new Float64Array(size) };
}
