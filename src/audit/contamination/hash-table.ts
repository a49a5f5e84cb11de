import { fold } from "../words/rolling-hash.ts";

/** A table as plain arrays in shared memory, as threads hand it on. */
export interface HashTableParts {
  /** How many keys. */
  readonly size: number;
  /** A bit for some hash of each key, so that most that are not there are told from little memory. */
  readonly filter: Uint32Array;
  /** Numbers of keys plus 1, in the order of their hashes; 0 where there is none. */
  readonly slots: Int32Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
}

/** Filters have so many bits a key, and the slots so many places. */
const [FILTER_BITS, SLOTS] = [32, 2];

/** Numbers for keys of 64 bits: 0, 1, … in the order in which they came first. Open addressing. */
export class HashTable {
  readonly #filterMask: number;
  readonly #slotMask: number;

  constructor(readonly parts: HashTableParts) {
    this.#filterMask = 32 * parts.filter.length - 1;
    this.#slotMask = parts.slots.length - 1;
  }

  /** Of keys in order; a key may come several times. `numbers` receives the number of each. */
  static of(high: Int32Array, low: Int32Array, numbers: Int32Array): HashTable {
    const parts = {
      size: 0, filter: shared(Uint32Array, powerOfTwo(FILTER_BITS * high.length) / 32), slots: shared(Int32Array, powerOfTwo(SLOTS * high.length)),
      high: shared(Int32Array, high.length), low: shared(Int32Array, high.length),
    };
    const table = new HashTable(parts);
    let size = 0;
    for (let at = 0; at < high.length; at++) {
      const [keyHigh, keyLow] = [high[at] ?? 0, low[at] ?? 0];
      const slot = table.#slotOf(keyHigh, keyLow);
      const known = (parts.slots[slot] ?? 0) - 1;
      numbers[at] = known >= 0 ? known : size;
      if (known >= 0) continue;
      [parts.high[size], parts.low[size]] = [keyHigh, keyLow];
      parts.slots[slot] = ++size;
      const bit = fold(keyLow, keyHigh) & table.#filterMask;
      parts.filter[bit >>> 5] = (parts.filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
    return new HashTable({ ...parts, size });
  }

  /** The number of a key, or -1. */
  find(high: number, low: number): number {
    const { filter, slots } = this.parts;
    const bit = fold(low, high) & this.#filterMask;
    if (((filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return -1;
    return (slots[this.#slotOf(high, low)] ?? 0) - 1;
  }

  /** Where a key is, or would be. */
  #slotOf(keyHigh: number, keyLow: number): number {
    const { slots, high, low } = this.parts;
    let slot = fold(keyHigh, keyLow) & this.#slotMask;
    for (let number = slots[slot] ?? 0; number !== 0; number = slots[slot] ?? 0) {
      if (high[number - 1] === keyHigh && low[number - 1] === keyLow) break;
      slot = (slot + 1) & this.#slotMask;
    }
    return slot;
  }
}

type SharedArray<Kind> = new (buffer: SharedArrayBuffer) => Kind;

/** An array that threads share. */
export function shared<Kind>(kind: SharedArray<Kind> & { readonly BYTES_PER_ELEMENT: number }, length: number): Kind {
  return new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT));
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(64, atLeast)));
}
