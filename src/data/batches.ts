import { collate, type CollateOptions, type Example, type PairBatch } from "./collate.ts";
import { hash32, permutation } from "./shuffle.ts";

export interface PairBatchesOptions extends CollateOptions {
  /**
   * How large a batch is: a number of sentences, or a bound on its padded tokens,
   * (sourceTime + targetTime) · batch ≤ `tokens`, with end tokens counted.
   */
  readonly size: { readonly sentences: number } | { readonly tokens: number };
  /** A second bound, on the other measure or the same; none by default. */
  readonly maximum?: { readonly sentences?: number; readonly tokens?: number };
  /** How many batches' worth of examples are sorted by length together; 100 by default. More means less padding. */
  readonly bucketWindow?: number;
  readonly seed: number;
  /** Whether each epoch has its own order; otherwise all are alike, in the order of the examples but for sorting. */
  readonly shuffle: boolean;
}

/** Keeps the order of batches apart from the order of examples. */
const BATCH_ORDER = 0x62617463;

/**
 * Batches of similar length with random access: `(epoch, index)` is the whole data position, so training can resume
 * anywhere. In each epoch every example occurs exactly once: the examples are shuffled, sorted by length inside
 * windows, cut into batches, and the batches shuffled.
 */
export class PairBatches {
  readonly #examples: readonly Example[];
  readonly #options: PairBatchesOptions;
  readonly #sentences: number;
  readonly #tokens: number;
  /** Padded time of each example, as a row of its batch. */
  readonly #sourceTimes: Int32Array;
  readonly #targetTimes: Int32Array;
  #planned: { readonly epoch: number; readonly batches: readonly Uint32Array[] } | undefined;

  /** @throws RangeError for no examples, a bound that is not a positive whole number, or an example beyond `tokens`. */
  constructor(examples: readonly Example[], options: PairBatchesOptions) {
    if (examples.length === 0) {
      throw new RangeError(
        "There are no examples to make batches of; check that the data was not all dropped as too long.",
      );
    }
    const { size, maximum, bucketWindow = 100 } = options;
    this.#sentences = bound("sentences", "sentences" in size ? size.sentences : Infinity, maximum?.sentences);
    this.#tokens = bound("tokens", "tokens" in size ? size.tokens : Infinity, maximum?.tokens);
    checkPositive("bucketWindow", bucketWindow);
    this.#examples = examples;
    this.#options = options;
    this.#sourceTimes = Int32Array.from(examples, ({ source }) => source.length + (options.sourceEnd ? 1 : 0));
    this.#targetTimes = Int32Array.from(examples, ({ target }) => target.length + 1);
    this.#checkLongest();
  }

  /** How many batches an epoch has; with a bound on tokens it differs a little from epoch to epoch. */
  batchesInEpoch(epoch: number): number {
    return this.#plan(epoch).length;
  }

  /** Batch `index` of an epoch, both counted from 0. @throws RangeError where the epoch has no such batch. */
  batch(epoch: number, index: number): PairBatch {
    const examples = Array.from(this.exampleIndices(epoch, index), (at) => this.#example(at));
    return collate(examples, this.#options);
  }

  /** Which examples are the rows of a batch, as places in the constructor's list. @throws RangeError as `batch` does. */
  exampleIndices(epoch: number, index: number): Uint32Array {
    const plan = this.#plan(epoch);
    const batch = plan[index];
    if (batch === undefined) {
      throw new RangeError(`Epoch ${epoch} has batches 0 to ${plan.length - 1}, but batch ${index} was asked for.`);
    }
    return batch;
  }

  #example(at: number): Example {
    const example = this.#examples[at];
    if (example === undefined) throw new RangeError(`The list of examples lost its place ${at}; do not change it.`);
    return example;
  }

  #plan(epoch: number): readonly Uint32Array[] {
    const planEpoch = this.#options.shuffle ? epoch : 0;
    if (this.#planned?.epoch !== planEpoch) this.#planned = { epoch: planEpoch, batches: this.#makePlan(planEpoch) };
    return this.#planned.batches;
  }

  #makePlan(epoch: number): readonly Uint32Array[] {
    const { shuffle, seed } = this.#options;
    const order = shuffle
      ? permutation(this.#examples.length, seed, epoch)
      : Uint32Array.from(this.#examples, (_, index) => index);
    const batches = [...this.#windows(order)].flatMap((window) => [...this.#cut(this.#sortedByLength(window))]);
    if (!shuffle) return batches;
    return Array.from(
      permutation(batches.length, hash32(seed, BATCH_ORDER), epoch),
      (at) => batches[at] ?? new Uint32Array(),
    );
  }

  /** Cuts the order into stretches that hold about `bucketWindow` batches each. */
  *#windows(order: Uint32Array): Generator<Uint32Array> {
    const { bucketWindow = 100 } = this.#options;
    let start = 0;
    let tokens = 0;
    for (let end = 1; end <= order.length; end++) {
      tokens += this.#length(order[end - 1] ?? 0);
      const full = end - start >= bucketWindow * this.#sentences || tokens >= bucketWindow * this.#tokens;
      if (!full && end < order.length) continue;
      yield order.slice(start, end);
      start = end;
      tokens = 0;
    }
  }

  /** By whole length, then by target length; equal lengths keep their order. */
  #sortedByLength(window: Uint32Array): readonly number[] {
    return Array.from(window).sort(
      (a, b) => this.#length(a) - this.#length(b) || (this.#targetTimes[a] ?? 0) - (this.#targetTimes[b] ?? 0),
    );
  }

  *#cut(sorted: readonly number[]): Generator<Uint32Array> {
    let rows: number[] = [];
    let sourceTime = 0;
    let targetTime = 0;
    for (const row of sorted) {
      const widerSource = Math.max(sourceTime, this.#sourceTimes[row] ?? 0);
      const widerTarget = Math.max(targetTime, this.#targetTimes[row] ?? 0);
      const paddedTokens = (widerSource + widerTarget) * (rows.length + 1);
      if (rows.length > 0 && (rows.length === this.#sentences || paddedTokens > this.#tokens)) {
        yield Uint32Array.from(rows);
        rows = [row];
        sourceTime = this.#sourceTimes[row] ?? 0;
        targetTime = this.#targetTimes[row] ?? 0;
      } else {
        rows.push(row);
        sourceTime = widerSource;
        targetTime = widerTarget;
      }
    }
    if (rows.length > 0) yield Uint32Array.from(rows);
  }

  #length(example: number): number {
    return (this.#sourceTimes[example] ?? 0) + (this.#targetTimes[example] ?? 0);
  }

  #checkLongest(): void {
    const longest = this.#examples.reduce((best, _, at) => (this.#length(at) > this.#length(best) ? at : best), 0);
    if (this.#length(longest) <= this.#tokens) return;
    throw new RangeError(
      `Example ${longest} has ${this.#sourceTimes[longest]} source and ${this.#targetTimes[longest]} target tokens, ` +
        `more than the ${this.#tokens} tokens a batch may hold. Raise the bound on tokens, or drop long examples with ` +
        `maximumSourceLength and maximumTargetLength.`,
    );
  }
}

function bound(name: string, size: number, maximum = Infinity): number {
  for (const value of [size, maximum]) if (value !== Infinity) checkPositive(`The size of a batch in ${name}`, value);
  return Math.min(size, maximum);
}

function checkPositive(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`${name} is ${value}; give a whole number of at least 1.`);
}
