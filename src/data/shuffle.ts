/**
 * Randomness without state: a draw is a hash of where it is used (seed, epoch, place), so a resumed run draws what the
 * uninterrupted one would have.
 */

const WORD = 2 ** 32;

/**
 * MurmurHash3 (x86, 32 bits; Austin Appleby) of whole numbers, one 32-bit word each; a number of 2³² or more takes a
 * second word for its high part. Returns a whole number in [0, 2³²).
 *
 * @throws RangeError where an argument is not a whole number that a double holds exactly.
 */
export function hash32(seed: number, ...counters: number[]): number {
  let state = lowWord(seed);
  let words = 0;
  const add = (word: number): void => {
    state ^= Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
    state = (Math.imul(rotateLeft(state, 13), 5) + 0xe6546b64) | 0;
    words++;
  };
  if (highWord(seed) !== 0) add(highWord(seed));
  for (const counter of counters) {
    add(lowWord(counter));
    if (highWord(counter) !== 0) add(highWord(counter));
  }
  return finalize(state ^ (4 * words));
}

/** A draw from [0, 1) with 32 bits, fixed by its arguments. @throws RangeError as `hash32` does. */
export function uniform(seed: number, ...counters: number[]): number {
  return hash32(seed, ...counters) / WORD;
}

/** Keeps the draws of a permutation apart from other draws with the same seed. */
const PERMUTATION_STREAM = 0x7065726d;

/** The numbers 0 to `n - 1` in an order fixed by `seed` and `epoch` (Fisher-Yates; Durstenfeld 1964): uint32 `[n]`. */
export function permutation(n: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const other = Math.floor(uniform(seed, PERMUTATION_STREAM, epoch, last) * (last + 1));
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}

function lowWord(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`A seed or counter of a hash is ${value}; give a whole number within ±(2⁵³ - 1).`);
  }
  return value | 0;
}

function highWord(value: number): number {
  return Math.floor(value / WORD);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finalize(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
