import { bindDimensions } from "../../engines/dimensions.ts";
import type { DimValues } from "../../graph/dimension.ts";
import type { Signature } from "../../graph/program.ts";
import type { BatchSource } from "../../train/training-task.ts";

interface BatchSize {
  readonly tokens: number;
  readonly readTokens: number;
  readonly dimensions: DimValues;
}

/** What a training's batches come to. */
export interface BatchSum {
  /** Those that the loss is taken over. */
  readonly tokens: number;
  /** Those that the network reads; of pairs, the source's too. */
  readonly readTokens: number;
  readonly epochs: number;
  readonly operations: number;
  /** Dimensions of the batch that takes most operations. */
  readonly largest: DimValues;
}

/**
 * How large the batches of some data are. Trainings that differ in their network only have the same ones, and each batch is
 * looked at once.
 *
 * @param uniform whether all batches of an epoch are alike, but for the last
 */
export class BatchSizes {
  readonly #known = new Map<string, BatchSize>();

  constructor(readonly batches: BatchSource, readonly signature: Signature, readonly uniform: boolean) {}

  /** Sums over the first batches of a training. */
  async sum(count: number, operationsOf: (dimensions: DimValues) => number): Promise<BatchSum> {
    let [tokens, readTokens, operations, most, epoch, index] = [0, 0, 0, -1, 0, 0];
    let largest: DimValues = new Map();
    const counted = new Map<BatchSize, number>();
    for (let batch = 0; batch < count; batch++) {
      const size = await this.#at(epoch, index);
      const each = counted.get(size) ?? operationsOf(size.dimensions);
      counted.set(size, each);
      tokens += size.tokens;
      readTokens += size.readTokens;
      operations += each;
      if (each > most) [most, largest] = [each, size.dimensions];
      index++;
      if (index >= this.batches.batchesInEpoch(epoch)) [epoch, index] = [epoch + 1, 0];
    }
    return { tokens, readTokens, operations, largest, epochs: epoch + index / this.batches.batchesInEpoch(epoch) };
  }

  /** Tokens of one pass over the data. */
  async epochTokens(): Promise<number> {
    return (await this.sum(this.batches.batchesInEpoch(0), () => 0)).tokens;
  }

  async #at(epoch: number, index: number): Promise<BatchSize> {
    const last = index === this.batches.batchesInEpoch(epoch) - 1;
    const key = this.uniform ? `${last}` : `${epoch}:${index}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { tokens, targetTokens, feeds } = await this.batches.batch(epoch, index);
    const size = { tokens: targetTokens, readTokens: tokens, dimensions: bindDimensions(this.signature, feeds) };
    this.#known.set(key, size);
    return size;
  }
}
