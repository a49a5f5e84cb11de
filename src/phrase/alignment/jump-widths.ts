import { accumulate } from "../arrays.ts";

/** Jumps further than this share the weight of this width. */
const FURTHEST = 40;

/**
 * p(i | i', I) = c(i − i') / Σ_k c(k − i'): the place of a target word's source given its predecessor's, by the width of the
 * jump alone (Vogel, Ney and Tillmann 1996, equation 9).
 *
 * The widths' weights that maximise the expected log-likelihood have no closed form, for the normalisation depends on the
 * place. Each update is a step of minorisation and maximisation (Hunter 2004, "MM algorithms for generalized
 * Bradley-Terry models", section 2), c(d) ← n(d) / Σ_{i', I} n(i', I) / Σ_k c(k − i'), which never lowers it.
 */
export class JumpWidths {
  readonly #weights = new Float64Array(2 * FURTHEST + 1).fill(1);
  readonly #counts = new Float64Array(2 * FURTHEST + 1);
  /** Expected jumps from each place, by the source's length. */
  readonly #departures = new Map<number, Float64Array>();
  /** What `of` gave since the last `maximise`. */
  readonly #known = new Map<number, { readonly weights: Float64Array; readonly scales: Float64Array }>();

  /** c(d) for d = −(length − 1) … length − 1, [2 · length − 1], and 1 / Σ_k c(k − i') by place i'. */
  of(length: number): { readonly weights: Float64Array; readonly scales: Float64Array } {
    const known = this.#known.get(length);
    if (known !== undefined) return known;
    const weights = Float64Array.from({ length: 2 * length - 1 }, (_, at) => this.#weights[bucket(at - length + 1)] ?? 0);
    const jumps = { weights, scales: Float64Array.from({ length }, (_, from) => 1 / sumFrom(weights, length, from)) };
    this.#known.set(length, jumps);
    return jumps;
  }

  /**
   * Adds the expected jumps of a sentence pair.
   * @param counts by width, as `of` gives weights
   * @param departures by place
   */
  count(length: number, counts: Float64Array, departures: Float64Array): void {
    counts.forEach((amount, at) => accumulate(this.#counts, bucket(at - length + 1), amount));
    const known = this.#departures.get(length);
    if (known === undefined) this.#departures.set(length, departures.slice());
    else departures.forEach((amount, from) => accumulate(known, from, amount));
  }

  /** One step of minorisation and maximisation. */
  maximise(): void {
    const denominators = new Float64Array(this.#weights.length);
    for (const [length, departures] of this.#departures) {
      const { scales } = this.of(length);
      departures.forEach((amount, from) => {
        const share = amount * (scales[from] ?? 0);
        for (let to = 0; to < length; to++) accumulate(denominators, bucket(to - from), share);
      });
    }
    for (let at = 0; at < this.#weights.length; at++) {
      const denominator = denominators[at] ?? 0;
      // A width that no sentence allows keeps its weight; one that never happens must not leave a place without a way out.
      if (denominator > 0) this.#weights[at] = Math.max((this.#counts[at] ?? 0) / denominator, 1e-12);
    }
    this.#counts.fill(0);
    this.#departures.clear();
    this.#known.clear();
  }
}

function bucket(width: number): number {
  return Math.max(-FURTHEST, Math.min(FURTHEST, width)) + FURTHEST;
}

function sumFrom(weights: Float64Array, length: number, from: number): number {
  let sum = 0;
  for (let to = 0; to < length; to++) sum += weights[to - from + length - 1] ?? 0;
  return sum;
}
