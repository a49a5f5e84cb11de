/**
 * Philox2x32-10, a counter-based random number generator (Salmon, Moraes, Dror and Shaw 2011, "Parallel Random Numbers:
 * As Easy as 1, 2, 3"): a number is a function of key and counter alone, so that draw k of resample b is the same
 * however many were drawn before it.
 */

const multiplier = 0xd256d193;
const keyIncrement = 0x9e3779b9;
const rounds = 10;

/**
 * Two random words, each from 0 to 2³² − 1.
 *
 * @param key the seed, as 32 bits
 * @param low first word of the counter
 * @param high second word of the counter
 */
export function philox(key: number, low: number, high: number): readonly [number, number] {
  let left = low;
  let right = high;
  let roundKey = key;
  for (let round = 0; round < rounds; round++) {
    const product = Math.imul(multiplier, left);
    left = highProduct(multiplier, left) ^ roundKey ^ right;
    right = product;
    roundKey = (roundKey + keyIncrement) | 0;
  }
  return [left >>> 0, right >>> 0];
}

/** The upper 32 bits of the product of two 32-bit words, by 16-bit halves. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle % 0x10000) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/**
 * Fills an array with draws from 0 to `bound − 1`, with replacement.
 *
 * Scaling 32 random bits favours some numbers by at most one part in 2³² / `bound`.
 *
 * @param stream which of the seed's sequences, as 32 bits
 */
export function fillIntegers(draws: Uint32Array, bound: number, seed: number, stream: number): void {
  for (let i = 0; i < draws.length; i += 2) {
    const [first, second] = philox(seed, i / 2, stream);
    draws[i] = Math.floor((first / 2 ** 32) * bound);
    if (i + 1 < draws.length) draws[i + 1] = Math.floor((second / 2 ** 32) * bound);
  }
}

/**
 * Checks a seed.
 *
 * @throws RangeError if it is not a whole number from 0 to 2³² − 1
 */
export function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`The seed is ${seed}, but a whole number from 0 to 4294967295 was expected.`);
  }
}
