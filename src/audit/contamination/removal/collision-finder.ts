import { RollingHash } from "../../words/rolling-hash.ts";
import type { WordSink } from "../../words/word-scanner.ts";
import { HashTable } from "../hash-table.ts";
import type { TestIndex } from "../test-index.ts";

/** Reads a document's words and notes where n-grams of the test set stand that are to go. */
export class CollisionFinder implements WordSink {
  readonly #grams: HashTable;
  readonly #gram: RollingHash;
  #words = 0;
  #starts: number[] = [];

  /** `unwanted`: 1 for each of the index's n-grams that is to go. */
  constructor({ grams, n }: TestIndex, private readonly unwanted: Uint8Array) {
    this.#grams = new HashTable(grams);
    this.#gram = new RollingHash(n);
  }

  word(high: number, low: number): void {
    this.#words++;
    if (!this.#gram.add(high, low)) return;
    const gram = this.#grams.find(this.#gram.high, this.#gram.low);
    if (gram >= 0 && this.unwanted[gram] === 1) this.#starts.push(this.#words - this.#gram.size);
  }

  end(): void {
    this.#gram.reset();
    this.#words = 0;
  }

  /** The first words of the unwanted n-grams since the last time, counted from 0 in their document. */
  take(): readonly number[] {
    if (this.#starts.length === 0) return this.#starts;
    const starts = this.#starts;
    this.#starts = [];
    return starts;
  }
}
