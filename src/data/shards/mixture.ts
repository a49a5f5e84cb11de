import { hash32, permutation, uniform } from "../shuffle.ts";

/** So many draws are shared out together. */
const BLOCK = 1024;

/** Keep the draws of a mixture apart from others with the same seed. */
const OFFSET_STREAM = 0x6d697873;
const ORDER_STREAM = 0x6d69786f;

/** Which source a draw is from, and how many earlier draws were from it. */
export interface MixtureDraw {
  readonly source: number;
  readonly ordinal: number;
}

/**
 * Shares draws out among sources by weight. Each block of 1,024 draws is sampled systematically (one random offset, then
 * even steps along the cumulative weights) and put in random order, so that a source's share in a block is its weight to
 * within one draw, and its weight exactly in expectation. Any draw can be asked for.
 */
export class Mixture {
  readonly #seed: number;
  /** Cumulative weights; the last is 1. */
  readonly #edges: readonly number[];
  #counted: { readonly block: number; readonly before: readonly number[] };
  #block: { readonly block: number; readonly draws: readonly MixtureDraw[] } | undefined;

  /** @throws RangeError where a weight is not above 0 */
  constructor(weights: readonly number[], seed: number) {
    const wrong = weights.find((weight) => !(weight > 0 && weight < Infinity));
    if (wrong !== undefined) throw new RangeError(`A weight of a mixture is ${wrong}; give numbers above 0.`);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#edges = weights.map((weight, at) => (at === weights.length - 1 ? 1 : (sum += weight) / total));
    this.#seed = seed;
    this.#counted = { block: 0, before: weights.map(() => 0) };
  }

  draw(number: number): MixtureDraw {
    const block = Math.floor(number / BLOCK);
    if (this.#block?.block !== block) this.#block = { block, draws: this.#share(block) };
    return this.#block.draws[number % BLOCK] ?? { source: 0, ordinal: 0 };
  }

  #share(block: number): MixtureDraw[] {
    const ordinals = [...this.#drawnBefore(block)];
    const sources = this.#counts(block).flatMap((count, source) => new Array<number>(count).fill(source));
    return Array.from(permutation(BLOCK, hash32(this.#seed, ORDER_STREAM), block), (place) => {
      const source = sources[place] ?? 0;
      const ordinal = ordinals[source] ?? 0;
      ordinals[source] = ordinal + 1;
      return { source, ordinal };
    });
  }

  /** How many draws of each source lie before a block. */
  #drawnBefore(block: number): readonly number[] {
    let { block: from, before } = this.#counted.block <= block ? this.#counted : { block: 0, before: this.#edges.map(() => 0) };
    for (; from < block; from++) {
      const counts = this.#counts(from);
      before = before.map((count, source) => count + (counts[source] ?? 0));
    }
    this.#counted = { block, before };
    return before;
  }

  /** How many of a block's points (0 + u, 1 + u, …) / 1024 fall on each source's stretch of the weights. */
  #counts(block: number): number[] {
    const offset = uniform(this.#seed, OFFSET_STREAM, block);
    const below = this.#edges.map((edge) => (edge === 1 ? BLOCK : Math.max(0, Math.ceil(BLOCK * edge - offset))));
    return below.map((count, source) => count - (below[source - 1] ?? 0));
  }
}
