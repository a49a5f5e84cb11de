/** What is looked for in the training set: the words of the test set's examples, as hashes that threads share. */
import { fold, RollingHash, SequenceHash } from "../words/rolling-hash.ts";
import type { WordSink } from "../words/word-scanner.ts";
import { HashTable, shared, type HashTableParts } from "./hash-table.ts";
import { bandKeys, permutationSeeds, signature, type Banding } from "./min-hash.ts";

/** Lists of numbers, one after the other: list i is `values[starts[i]]` to before `values[starts[i + 1]]`. */
export interface Lists {
  readonly starts: Int32Array;
  readonly values: Int32Array;
}

export interface IndexOptions {
  /** Words of an n-gram. */
  readonly n: number;
  /** Words of a shingle; near duplicates are told by the shingles they share. */
  readonly shingle: number;
  readonly banding: Banding;
  readonly seed: number;
}

/** All in shared memory. */
export interface TestIndex extends IndexOptions {
  readonly examples: number;
  /** Words of each example. */
  readonly words: Int32Array;
  /** The whole examples. */
  readonly whole: HashTableParts;
  /** Which of them each example is; examples may be alike. */
  readonly wholeOf: Int32Array;
  readonly grams: HashTableParts;
  /** The n-grams of each example in order. */
  readonly gramsOf: Lists;
  readonly shingles: HashTableParts;
  /** The distinct shingles of each example. */
  readonly shinglesOf: Lists;
  /** The signatures' bands: example after example. */
  readonly bandKeys: Float64Array;
}

/** A key of a whole text: its words' hash, and how many they are. */
export function wholeKey({ high, low }: SequenceHash, words: number): readonly [high: number, low: number] {
  return [high ^ Math.imul(words, 0x9e3779b1), low];
}

/** Whether a text has too few words for a shingle; all of it is one then. */
export function isShort(words: number, shingle: number): boolean {
  return words > 0 && words < shingle;
}

class Keys {
  #high = new Int32Array(1024);
  #low = new Int32Array(1024);
  size = 0;
  readonly starts: number[] = [0];

  add(high: number, low: number): void {
    if (this.size === this.#high.length) {
      const [olderHigh, olderLow] = [this.#high, this.#low];
      [this.#high, this.#low] = [new Int32Array(2 * this.size), new Int32Array(2 * this.size)];
      this.#high.set(olderHigh);
      this.#low.set(olderLow);
    }
    this.#high[this.size] = high;
    this.#low[this.size] = low;
    this.size++;
  }

  endList(): void {
    this.starts.push(this.size);
  }

  table(): { readonly table: HashTable; readonly lists: Lists } {
    const numbers = shared(Int32Array, this.size);
    const table = HashTable.of(this.#high.subarray(0, this.size), this.#low.subarray(0, this.size), numbers);
    return { table, lists: { starts: sharedCopy(this.starts), values: numbers } };
  }
}

/** Gathers the examples of a test set, which come as documents. */
export class TestIndexBuilder implements WordSink {
  readonly #wholes = new Keys();
  readonly #grams = new Keys();
  readonly #shingles = new Keys();
  readonly #words: number[] = [];
  readonly #whole = new SequenceHash();
  readonly #gram: RollingHash;
  readonly #shingle: RollingHash;
  #count = 0;

  constructor(private readonly options: IndexOptions) {
    [this.#gram, this.#shingle] = [new RollingHash(options.n), new RollingHash(options.shingle)];
  }

  word(high: number, low: number): void {
    this.#count++;
    this.#whole.add(high, low);
    if (this.#gram.add(high, low)) this.#grams.add(this.#gram.high, this.#gram.low);
    if (this.#shingle.add(high, low)) this.#shingles.add(this.#shingle.high, this.#shingle.low);
  }

  end(): void {
    if (isShort(this.#count, this.options.shingle)) this.#shingles.add(this.#shingle.high, this.#shingle.low);
    this.#wholes.add(...wholeKey(this.#whole, this.#count));
    this.#words.push(this.#count);
    for (const keys of [this.#wholes, this.#grams, this.#shingles]) keys.endList();
    for (const hash of [this.#whole, this.#gram, this.#shingle]) hash.reset();
    this.#count = 0;
  }

  build(): TestIndex {
    const { table: whole, lists: wholeOf } = this.#wholes.table();
    const { table: grams, lists: gramsOf } = this.#grams.table();
    const { table: shingles, lists } = this.#shingles.table();
    const shinglesOf = withoutRepetition(lists);
    return {
      ...this.options, examples: this.#words.length, words: sharedCopy(this.#words),
      whole: whole.parts, wholeOf: wholeOf.values, grams: grams.parts, gramsOf,
      shingles: shingles.parts, shinglesOf, bandKeys: bandsOf(shingles.parts, shinglesOf, this.options),
    };
  }
}

function sharedCopy(numbers: readonly number[]): Int32Array {
  const copy = shared(Int32Array, numbers.length);
  copy.set(numbers);
  return copy;
}

function withoutRepetition({ starts, values }: Lists): Lists {
  const distinct: number[] = [];
  const ends = Array.from(starts.subarray(1), (end, list) => {
    for (const value of new Set(values.subarray(starts[list], end))) distinct.push(value);
    return distinct.length;
  });
  return { starts: sharedCopy([0, ...ends]), values: sharedCopy(distinct) };
}

function bandsOf({ high, low }: HashTableParts, { starts, values }: Lists, { banding, seed }: IndexOptions): Float64Array {
  const keys = shared(Float64Array, (starts.length - 1) * banding.bands);
  const seeds = permutationSeeds(banding, seed);
  const numbers = new Uint32Array(seeds.length);
  for (let example = 0; example + 1 < starts.length; example++) {
    const members = Uint32Array.from(values.subarray(starts[example], starts[example + 1]), (number) => fold(high[number] ?? 0, low[number] ?? 0));
    signature(members, members.length, seeds, numbers);
    keys.set(bandKeys(numbers, banding), example * banding.bands);
  }
  return keys;
}
