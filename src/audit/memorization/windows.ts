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
  const firsts = new Map<number, Window>();
  eachHash(tokens, length, (key, start) => {
    const known = firsts.get(key);
    firsts.set(key, known === undefined ? { start, repetitions: 1 } : { ...known, repetitions: known.repetitions + 1 });
  });
  const classes = new Map<number, Window[]>();
  for (const window of firsts.values()) {
    const power = Math.floor(Math.log2(window.repetitions));
    const others = classes.get(power);
    if (others === undefined) classes.set(power, [window]);
    else others.push(window);
  }
  return [...classes].sort(([a], [b]) => a - b).flatMap(([power, windows]) => drawSome(windows, most, seed, power));
}

function drawSome(windows: Window[], most: number, seed: number, stream: number): Window[] {
  const rest = [...windows];
  return Array.from({ length: Math.min(most, rest.length) }, (_, at) => {
    const place = at + (philox(seed, at, stream)[0] % (rest.length - at));
    const [here, there] = [rest[at], rest[place]];
    if (here === undefined || there === undefined) return [];
    [rest[at], rest[place]] = [there, here];
    return there;
  }).flat();
}

function eachHash(tokens: Int32Array, length: number, note: (key: number, start: number) => void): void {
  let [highOut, lowOut] = [1, 1];
  for (let at = 0; at < length; at++) [highOut, lowOut] = [Math.imul(highOut, HIGH_FACTOR), Math.imul(lowOut, LOW_FACTOR)];
  let [high, low] = [0, 0];
  for (let at = 0; at < tokens.length; at++) {
    const [coming, going] = [(tokens[at] ?? 0) + 1, at < length ? 0 : (tokens[at - length] ?? 0) + 1];
    high = (Math.imul(high, HIGH_FACTOR) + coming - Math.imul(going, highOut)) | 0;
    low = (Math.imul(low, LOW_FACTOR) + coming - Math.imul(going, lowOut)) | 0;
    if (at + 1 >= length) note((high >>> 0) * 2 ** 21 + (low >>> 11), at + 1 - length);
  }
}
