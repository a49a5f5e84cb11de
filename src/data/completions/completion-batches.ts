import { hash32, permutation } from "../shuffle.ts";
import type { PackedBatch, TextBatches } from "../shards/text-batch.ts";
import { placesOf, type EncodedCompletion } from "./encode-completions.ts";
import { packRows } from "./pack-rows.ts";

export interface CompletionBatchesOptions {
  /** Rows of a batch; the last of an epoch may have fewer. */
  readonly batch: number;
  /** Places of a row, which no example exceeds. */
  readonly context: number;
  /**
   * Whether a row holds as many whole examples as it has room for, and batches tell which of them a place belongs to. Otherwise
   * a row holds one, and a batch has no more places than its longest.
   */
  readonly packed: boolean;
  /** What rows are filled up with. */
  readonly endOfDocument: number;
  /** Where each epoch's order comes from; without it, all epochs have that of the examples. */
  readonly seed?: number;
}

/** Keeps the order of rows apart from the order of examples. */
const ROW_ORDER = 0x726f7773;

/**
 * Batches of prompts with completions. Only completions and the end tokens after them are judged. `(epoch, index)` is the whole
 * data position; in each epoch every example is in one row, whole.
 */
export class CompletionBatches implements TextBatches {
  readonly #examples: readonly EncodedCompletion[];
  readonly #options: CompletionBatchesOptions;
  readonly #places: Int32Array;
  #planned: { readonly epoch: number; readonly rows: readonly (readonly number[])[] } | undefined;

  /** @throws RangeError where there is no example, one is longer than a row, or a number makes no sense */
  constructor(examples: readonly EncodedCompletion[], options: CompletionBatchesOptions) {
    for (const name of ["batch", "context"] as const) {
      if (!Number.isInteger(options[name]) || options[name] < 1) throw new RangeError(`${name} is ${options[name]}; give a whole number of at least 1.`);
    }
    if (examples.length === 0) throw new RangeError("There are no examples to make batches of; give at least one.");
    this.#places = Int32Array.from(examples, placesOf);
    const longest = this.#places.reduce((most, places) => Math.max(most, places), 0);
    if (longest > options.context) throw new RangeError(`An example takes ${longest} places, but a row has ${options.context}; leave it out, or make rows longer.`);
    this.#examples = examples;
    this.#options = options;
  }

  /** How many batches an epoch has; where rows are packed, it differs a little from epoch to epoch. */
  batchesInEpoch(epoch: number): number {
    return Math.ceil(this.#rows(epoch).length / this.#options.batch);
  }

  batch(epoch: number, index: number): PackedBatch {
    const { batch } = this.#options;
    const rows = this.#rows(epoch).slice(index * batch, (index + 1) * batch);
    if (!Number.isInteger(index) || index < 0 || rows.length === 0) {
      throw new RangeError(`Epoch ${epoch} has batches 0 to ${this.batchesInEpoch(epoch) - 1}, but batch ${index} was asked for.`);
    }
    return this.#collate(rows.map((row) => row.flatMap((example) => this.#examples[example] ?? [])));
  }

  #collate(rows: readonly (readonly EncodedCompletion[])[]): PackedBatch {
    const { packed, context, endOfDocument } = this.#options;
    const read = rows.flat().reduce((sum, example) => sum + placesOf(example), 0);
    const time = packed ? context : Math.max(...rows.flat().map(placesOf));
    const shape = [rows.length, time];
    const array = (fill = 0) => ({ data: new Int32Array(rows.length * time).fill(fill), shape });
    const [tokens, targets, judged, documents, positions] = [array(endOfDocument), array(endOfDocument), array(), array(), array()];
    rows.forEach((examples, row) => {
      let at = row * time;
      examples.forEach((example, document) => {
        const end = at + placesOf(example);
        tokens.data.set(example.tokens.subarray(0, -1), at);
        targets.data.set(example.tokens.subarray(1), at);
        judged.data.fill(1, at + example.from - 1, end);
        documents.data.fill(document, at, end);
        for (let place = 0; at < end; place++, at++) positions.data[at] = place;
      });
      documents.data.fill(examples.length, at, (row + 1) * time);
    });
    return { tokens, targets, judged, read, continued: { data: Int32Array.of(0), shape: [] }, ...(packed && { documents, positions }) };
  }

  #rows(epoch: number): readonly (readonly number[])[] {
    const planned = this.#options.seed === undefined ? 0 : epoch;
    if (this.#planned?.epoch !== planned) this.#planned = { epoch: planned, rows: this.#plan(planned) };
    return this.#planned.rows;
  }

  #plan(epoch: number): number[][] {
    const { packed, context, seed } = this.#options;
    const order = seed === undefined ? this.#examples.keys() : permutation(this.#examples.length, seed, epoch);
    const rows = packed ? packRows(order, (item) => this.#places[item] ?? 0, context) : Array.from(order, (item) => [item]);
    // Rows that are opened late are less full, and of other lengths; a batch is of any.
    return seed === undefined ? rows : Array.from(permutation(rows.length, hash32(seed, ROW_ORDER), epoch), (row) => rows[row] ?? []);
  }
}
