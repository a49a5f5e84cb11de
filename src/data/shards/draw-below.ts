import { hash32 } from "../shuffle.ts";

/** A whole number from 0 to `count - 1`, each as likely to 1 in 2⁵³, fixed by its arguments. */
export function drawBelow(count: number, seed: number, ...counters: number[]): number {
  const high = hash32(seed, ...counters, 0); // 32 bits
  const low = hash32(seed, ...counters, 1) >>> 11; // 21 bits
  return Math.floor(((high * 2 ** 21 + low) / 2 ** 53) * count);
}
