/** Stretches of training tokens, by how often they stand in the text. */
import { philox } from "../../metrics/counter-random.ts";

export interface Window {
  readonly start: number;
  /** How often the same tokens stand in the text, this time included. */
  readonly repetitions: number;
}

/** Odd, so that no information is lost modulo 2³². */
const [HIGH_FACTOR, LOW_FACTOR] = [0x9e3779b1 | 0, 0x85ebca77 | 0];

/**
 * Windows of `length` tokens, all different: up to `most` of each power of two of repetitions (1, 2 to 3, 4 to 7, …), drawn
 * by the seed. Sequences are told apart by 53 bits of hash.
 */
export function drawWindows(tokens: Int32Array, length: number, most: number, seed: number): Window[] {
  const keys = hashesOf(tokens, length);
  const { distinct, counts } = countedKeys(keys);
  const isKnown = new Uint8Array(distinct.length);
  const classes = new Map<number, number[]>();
  const repetitions = (start: number): number => counts[placeOf(distinct, keys[start] ?? NaN)] ?? 0;
  keys.forEach((key, start) => {
    const place = placeOf(distinct, key);
    if (isKnown[place] === 1) return;
    isKnown[place] = 1;
    const power = Math.floor(Math.log2(counts[place] ?? 1));
    const others = classes.get(power);
    if (others === undefined) classes.set(power, [start]);
    else others.push(start);
  });
  return [...classes].sort(([a], [b]) => a - b).flatMap(([power, starts]) => drawSome(starts, most, seed, power)).map((start) => ({ start, repetitions: repetitions(start) }));
}

/** Different keys in order, and how often each is there. A `Map` has no room for as many as a text may have. */
function countedKeys(keys: Float64Array): { readonly distinct: Float64Array; readonly counts: Uint32Array } {
  const sorted = keys.slice().sort();
  const counts = new Uint32Array(sorted.length);
  let size = 0;
  for (const key of sorted) {
    if (size === 0 || sorted[size - 1] !== key) sorted[size++] = key;
    counts[size - 1] = (counts[size - 1] ?? 0) + 1;
  }
  return { distinct: sorted.subarray(0, size), counts };
}

/** The place of a number in a list in order that has it. */
function placeOf(ordered: Float64Array, value: number): number {
  let [low, high] = [0, ordered.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ordered[middle] ?? NaN) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first so many of a shuffled list, which is left in disorder. */
function drawSome(list: number[], most: number, seed: number, stream: number): number[] {
  const count = Math.min(most, list.length);
  for (let at = 0; at < count; at++) {
    const place = at + (philox(seed, at, stream)[0] % (list.length - at));
    [list[at], list[place]] = [list[place] ?? 0, list[at] ?? 0];
  }
  return list.slice(0, count);
}

/** The hash of the window that begins at each place. */
function hashesOf(tokens: Int32Array, length: number): Float64Array {
  const hashes = new Float64Array(Math.max(0, tokens.length - length + 1));
  let [highOut, lowOut] = [1, 1];
  for (let at = 0; at < length; at++) [highOut, lowOut] = [Math.imul(highOut, HIGH_FACTOR), Math.imul(lowOut, LOW_FACTOR)];
  let [high, low] = [0, 0];
  for (let at = 0; at < tokens.length; at++) {
    const [coming, going] = [(tokens[at] ?? 0) + 1, at < length ? 0 : (tokens[at - length] ?? 0) + 1];
    high = (Math.imul(high, HIGH_FACTOR) + coming - Math.imul(going, highOut)) | 0;
    low = (Math.imul(low, LOW_FACTOR) + coming - Math.imul(going, lowOut)) | 0;
    if (at + 1 >= length) hashes[at + 1 - length] = (high >>> 0) * 2 ** 21 + (low >>> 11);
  }
  return hashes;
}
