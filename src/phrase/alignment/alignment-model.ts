/** For each target word the place of the source word that gave it, from 0, or `EMPTY`. */
export type Alignment = Int32Array;

/** The place of the empty word, which gives what has no source. */
export const EMPTY = -1;

/** A model of p(target, alignment | source) that learns by expectation maximisation. */
export interface AlignmentModel {
  readonly name: "model1" | "model2" | "hmm";
  /**
   * One iteration over all sentence pairs.
   * @returns Σ log p(target | source) under the parameters before it, nats; it never falls from one iteration to the next
   */
  iterate(): number;
  /** The most probable alignment of a sentence pair. */
  align(source: Int32Array, target: Int32Array): Alignment;
}
