import { DataError } from "./data-error.ts";
import { hash32 } from "./shuffle.ts";
import type { Pair } from "./source.ts";

export interface SplitOptions {
  /** Below 1 a fraction of the distinct sources, otherwise their number. */
  readonly validation: number;
  /** As `validation`. */
  readonly test: number;
  readonly seed: number;
}

export interface Split<P extends Pair = Pair> {
  readonly train: P[];
  readonly validation: P[];
  readonly test: P[];
}

/**
 * Splits pairs by a hash of the seed and the source, so that all pairs of one source fall on the same side and no
 * validation or test source is trained on. The order of the pairs is kept and has no influence. With fractions, a
 * source stays on its side when other pairs come or go, and the sizes are only nearly the fractions; with numbers, the
 * sizes are exact and the sides may change.
 *
 * @throws DataError where a share is negative or not whole, or the shares leave nothing to train on.
 */
export function splitPairs<P extends Pair>(pairs: readonly P[], options: SplitOptions): Split<P> {
  const hashes = new Map<string, number>();
  for (const { source } of pairs) if (!hashes.has(source)) hashes.set(source, hashText(options.seed, source));
  // Test takes from the low end of the hashes and validation from the high end, so neither depends on the other.
  const ranked = [...hashes].sort(([a, hashA], [b, hashB]) => hashA - hashB || (a < b ? -1 : 1));
  const test = take(ranked, "test", options.test);
  const validation = take(ranked.reverse(), "validation", options.validation, (hash) => 2 ** 32 - 1 - hash);
  if (pairs.length > 0 && test.size + validation.size >= hashes.size) {
    throw new DataError(
      `A split with validation ${options.validation} and test ${options.test} leaves nothing to train on: ` +
        `there are ${hashes.size} distinct sources. Ask for smaller shares, or give more data.`,
    );
  }
  return {
    train: pairs.filter(({ source }) => !test.has(source) && !validation.has(source)),
    validation: pairs.filter(({ source }) => validation.has(source)),
    test: pairs.filter(({ source }) => test.has(source)),
  };
}

/** The first sources of a ranking: `share` of them, or those whose hash lies in the first `share` of its range. */
function take(
  ranked: readonly (readonly [source: string, hash: number])[],
  name: string,
  share: number,
  distance = (hash: number): number => hash,
): Set<string> {
  if (!(share >= 0) || (share >= 1 && !Number.isInteger(share))) {
    throw new DataError(
      `The ${name} share of a split is ${share}; give a fraction from 0 to below 1, or a whole number of sources.`,
    );
  }
  const chosen = share < 1 ? ranked.filter(([, hash]) => distance(hash) < share * 2 ** 32) : ranked.slice(0, share);
  return new Set(chosen.map(([source]) => source));
}

function hashText(seed: number, text: string): number {
  let hash = hash32(seed, text.length);
  for (let at = 0; at < text.length; at++) hash = hash32(hash, text.charCodeAt(at));
  return hash;
}
