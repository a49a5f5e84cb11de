import type { SentenceOptions } from "./translation-options.ts";

/**
 * What the words that are not yet covered will add to a hypothesis' score, at best and without regard to what stands around
 * them (Koehn 2010, section 6.2.5). Spans are limited to the reordering window, and what follows it is one number a place, so
 * that the table grows with the sentence and not with its square.
 */
export class FutureCost {
  /** The best score of the places `from` to `from + length − 1`, [from][length − 1]. */
  readonly #spans: Float64Array[];
  /** The best score of all from a place on. */
  readonly #rest: Float64Array;

  constructor(options: SentenceOptions, window: number) {
    const length = options.length;
    this.#rest = new Float64Array(length + 1);
    this.#spans = options.map((_, from) => new Float64Array(Math.min(window, length - from)).fill(-Infinity));
    for (let from = length - 1; from >= 0; from--) {
      const spans = this.#spans[from] ?? new Float64Array();
      let rest = -Infinity;
      (options[from] ?? []).forEach(([best], at) => {
        if (best === undefined) return;
        rest = Math.max(rest, best.estimate + (this.#rest[from + at + 1] ?? 0));
        const later = this.#spans[from + at + 1] ?? new Float64Array();
        for (let size = at + 1; size <= spans.length; size++) {
          const remaining = size === at + 1 ? 0 : later[size - at - 2] ?? -Infinity;
          spans[size - 1] = Math.max(spans[size - 1] ?? -Infinity, best.estimate + remaining);
        }
      });
      this.#rest[from] = rest;
    }
  }

  /**
   * The best score of what is not covered.
   *
   * @param firstGap the first place that is not covered
   * @param covered bit k: whether the place firstGap + 1 + k is covered
   */
  remaining(firstGap: number, covered: number): number {
    let [score, from, bits] = [0, firstGap, covered];
    for (let at = firstGap + 1; bits !== 0; at++, bits >>>= 1) {
      const isCovered = (bits & 1) === 1;
      if (isCovered && from >= 0) score += this.#spans[from]?.[at - from - 1] ?? -Infinity;
      if (isCovered) from = -1;
      else if (from < 0) from = at;
      if (bits === 1) return score + (this.#rest[at + 1] ?? 0);
    }
    return score + (this.#rest[from] ?? 0);
  }
}
