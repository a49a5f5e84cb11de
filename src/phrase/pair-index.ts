/** What `find` gives for a pair that is not there. */
export const ABSENT = -1;

/**
 * Numbers pairs of whole numbers in the order in which they first come: the table that word pairs, n-grams (context, word)
 * and phrases (beginning, word) are all kept in. Open addressing with linear probing; 16 to 24 bytes a pair.
 */
export class PairIndex {
  #first = new Int32Array(1024);
  #second = new Int32Array(1024);
  /** Number of the pair in a slot, plus 1; 0 where the slot is free. */
  #slots = new Int32Array(2048);
  #size = 0;

  /** How many pairs there are; their numbers are 0 to `size − 1`. */
  get size(): number {
    return this.#size;
  }

  first(id: number): number {
    return this.#first[id] ?? ABSENT;
  }

  second(id: number): number {
    return this.#second[id] ?? ABSENT;
  }

  /** The number of a pair, or `ABSENT`. */
  find(first: number, second: number): number {
    return (this.#slots[this.#slotOf(first, second)] ?? 0) - 1;
  }

  /** The number of a pair, which gets the next one where it is new. */
  add(first: number, second: number): number {
    const slot = this.#slotOf(first, second);
    const found = this.#slots[slot] ?? 0;
    if (found !== 0) return found - 1;
    const id = this.#size++;
    if (id === this.#first.length) this.#widen();
    this.#first[id] = first;
    this.#second[id] = second;
    this.#slots[slot] = id + 1;
    if (2 * this.#size > this.#slots.length) this.#rehash();
    return id;
  }

  /** Where a pair is, or the free slot where it would be. */
  #slotOf(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashPair(first, second) & mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0 || (this.#first[found - 1] === first && this.#second[found - 1] === second)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #widen(): void {
    this.#first = widened(this.#first);
    this.#second = widened(this.#second);
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let id = 0; id < this.#size; id++) this.#slots[this.#slotOf(this.first(id), this.second(id))] = id + 1;
  }
}

/** MurmurHash3's mixing of 64 bits into 32. */
function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0xcc9e2d51);
  hash = Math.imul((hash << 15) | (hash >>> 17), 0x1b873593) ^ Math.imul(second, 0x85ebca6b);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

function widened(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(2 * array.length);
  wider.set(array);
  return wider;
}
