import { mix32 } from "./mix.ts";

/** Odd, so that no information is lost modulo 2³². */
const [HIGH_FACTOR, LOW_FACTOR] = [0x9e3779b1 | 0, 0x85ebca77 | 0];

/**
 * The hash of the last `size` words, 64 bits in two halves: polynomials in the words' own hashes modulo 2³² (Karp and
 * Rabin 1987), which a further word changes in constant time.
 */
export class RollingHash {
  /** Of the last `size` words, or of all since the reset where there were fewer. */
  high = 0;
  low = 0;
  readonly #ring: Int32Array;
  readonly #highOut: number;
  readonly #lowOut: number;
  #place = 0;
  #count = 0;

  constructor(readonly size: number) {
    this.#ring = new Int32Array(2 * size);
    [this.#highOut, this.#lowOut] = [power(HIGH_FACTOR, size), power(LOW_FACTOR, size)];
  }

  reset(): void {
    this.high = this.low = this.#place = this.#count = 0;
    this.#ring.fill(0);
  }

  /** Goes on to the next word, and says whether there have been `size` of them. */
  add(high: number, low: number): boolean {
    const place = this.#place;
    const ring = this.#ring;
    this.high = (Math.imul(this.high, HIGH_FACTOR) + high - Math.imul(ring[place] ?? 0, this.#highOut)) | 0;
    this.low = (Math.imul(this.low, LOW_FACTOR) + low - Math.imul(ring[place + 1] ?? 0, this.#lowOut)) | 0;
    ring[place] = high;
    ring[place + 1] = low;
    this.#place = place + 2 === ring.length ? 0 : place + 2;
    return ++this.#count >= this.size;
  }
}

/** Of a sequence of any length, as `RollingHash` of one of that length. */
export class SequenceHash {
  high = 0;
  low = 0;

  reset(): void {
    this.high = this.low = 0;
  }

  add(high: number, low: number): void {
    this.high = (Math.imul(this.high, HIGH_FACTOR) + high) | 0;
    this.low = (Math.imul(this.low, LOW_FACTOR) + low) | 0;
  }
}

/** 32 bits that depend on all 64. */
export function fold(high: number, low: number): number {
  return mix32(mix32(high) ^ low);
}

function power(factor: number, exponent: number): number {
  let product = 1;
  for (let times = 0; times < exponent; times++) product = Math.imul(product, factor);
  return product;
}
