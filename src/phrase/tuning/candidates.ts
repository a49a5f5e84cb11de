import { grown } from "../arrays.ts";

/**
 * The different translations of one sentence that searches have found so far, each with its features and the sufficient
 * statistics of the measure that weights are tuned for.
 */
export class Candidates {
  /** [size, features], row by row. */
  features = new Float64Array(0);
  /** [size, statistics], row by row. */
  statistics = new Float64Array(0);
  readonly #known = new Set<string>();
  readonly #measured = new Map<string, Float64Array>();
  #size = 0;

  constructor(readonly featureCount: number, readonly statisticCount: number) {}

  get size(): number {
    return this.#size;
  }

  /** A text's statistics, measured once. */
  measure(text: string, statisticsOf: (text: string) => Float64Array): Float64Array {
    const known = this.#measured.get(text) ?? statisticsOf(text);
    this.#measured.set(text, known);
    return known;
  }

  /** Adds a candidate unless one with the same features and statistics is there. @returns whether it is new */
  add(features: Float64Array, statistics: Float64Array): boolean {
    const key = `${Array.from(features, (value) => value.toFixed(6)).join(" ")}|${statistics.join(" ")}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    const row = this.#size++;
    this.features = grown(this.features, this.#size * this.featureCount);
    this.statistics = grown(this.statistics, this.#size * this.statisticCount);
    this.features.set(features, row * this.featureCount);
    this.statistics.set(statistics, row * this.statisticCount);
    return true;
  }

  /** Each candidate's score along a direction, [size]. */
  project(direction: ArrayLike<number>): Float64Array {
    return Float64Array.from({ length: this.#size }, (_, row) => {
      let sum = 0;
      for (let at = 0, place = row * this.featureCount; at < this.featureCount; at++, place++) sum += (direction[at] ?? 0) * (this.features[place] ?? 0);
      return sum;
    });
  }

  /** One feature of each candidate, [size]. */
  column(feature: number): Float64Array {
    return Float64Array.from({ length: this.#size }, (_, row) => this.features[row * this.featureCount + feature] ?? 0);
  }
}
