import { hash32, permutation } from "../shuffle.ts";
import { drawBelow } from "./draw-below.ts";
import { Mixture } from "./mixture.ts";
import { packedBatch, type PackedBatch, type TextBatches } from "./text-batch.ts";
import type { TokenSource } from "./token-shards.ts";

export interface PackedBatchesOptions {
  /** Rows of a batch; the last of an epoch may have fewer. */
  readonly batch: number;
  /** Tokens of a row. */
  readonly context: number;
  /**
   * - `"shuffled"`: the text is cut into windows, and each epoch reads every window once, in an order of its own. Where
   *   the text is no whole number of windows, the fewer than `context` tokens too many are left out at its two ends,
   *   how many at which differs from epoch to epoch.
   * - `"random"`: windows begin anywhere, drawn anew for each row (as nanoGPT draws them); an epoch is as many windows
   *   as the text is long.
   * - `"sequential"`: row b of each batch goes on where row b of the batch before ended, and reads the b-th part of the
   *   text, for models that carry a state (Zaremba et al. 2014, section 4.1).
   */
  readonly order: "shuffled" | "random" | "sequential";
  readonly seed: number;
  /** Whether batches say which document each place belongs to; not by default. */
  readonly documents?: boolean | undefined;
}

/** A part of a mixture; its share of the windows is its weight over the sum of all. */
export interface MixturePart {
  readonly source: TokenSource;
  readonly weight: number;
}

/** Keep the seeds of a mixture's parts, of random windows and of windows' beginnings apart. */
const PART_STREAM = 0x70617274;
const WINDOW_STREAM = 0x77696e64;
const PHASE_STREAM = 0x70686173;

/**
 * Training batches of packed text with random access: `(epoch, index)` is the whole data position, so training can
 * resume anywhere. A row is `context` tokens, and its targets are the tokens one place later.
 *
 *     const batches = new PackedBatches(await TokenShards.open("data/brown"), { batch: 32, context: 256, order: "shuffled", seed: 1 });
 *     const { tokens, targets } = batches.batch(0, 0); // [32, 256] each
 */
export class PackedBatches implements TextBatches {
  readonly #options: PackedBatchesOptions;
  readonly #parts: readonly Windows[];
  readonly #mixture: Mixture | undefined;
  /** Rows in an epoch. */
  readonly #rows: number;

  /**
   * @param sources one text, or a mixture; a part that is read to its end begins its next epoch
   * @throws RangeError where a text is too short, parts have different vocabularies, or a number makes no sense
   */
  constructor(sources: TokenSource | readonly MixturePart[], options: PackedBatchesOptions) {
    for (const name of ["batch", "context"] as const) {
      if (!Number.isInteger(options[name]) || options[name] < 1) {
        throw new RangeError(`${name} is ${options[name]}; give a whole number of at least 1.`);
      }
    }
    this.#options = options;
    const parts: readonly MixturePart[] = "tokens" in sources ? [{ source: sources, weight: 1 }] : sources;
    checkParts(parts, options);
    this.#parts = parts.map(({ source }, at) => new Windows(source, options, parts.length === 1 ? options.seed : hash32(options.seed, PART_STREAM, at)));
    this.#mixture = parts.length === 1 ? undefined : new Mixture(parts.map(({ weight }) => weight), options.seed);
    this.#rows = this.#parts.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many batches an epoch has, which is the same for each. Of a mixture: as much text as all parts have together. */
  batchesInEpoch(_epoch = 0): number {
    return Math.ceil(this.#rows / this.#options.batch);
  }

  /** Batch `index` of an epoch, both counted from 0. @throws RangeError where the epoch has no such batch. */
  batch(epoch: number, index: number): PackedBatch {
    if (!Number.isInteger(index) || index < 0 || index >= this.batchesInEpoch()) {
      throw new RangeError(`Epoch ${epoch} has batches 0 to ${this.batchesInEpoch() - 1}, but batch ${index} was asked for.`);
    }
    const { batch, context, order, documents = false } = this.#options;
    const first = index * batch;
    const rows = Math.min(batch, this.#rows - first);
    const tokens = new Int32Array(rows * context);
    const targets = new Int32Array(rows * context);
    const window = new Int32Array(context + 1);
    for (let row = 0; row < rows; row++) {
      this.#read(epoch * this.#rows + first + row, window);
      tokens.set(window.subarray(0, context), row * context);
      targets.set(window.subarray(1), row * context);
    }
    const [{ endOfDocument = 0 } = {}] = this.#parts;
    return packedBatch(tokens, targets, new Int32Array(rows).fill(context), {
      continued: order === "sequential" && index > 0, documents, endOfDocument,
    });
  }

  /** Reads the window of a draw, counted over all epochs. */
  #read(draw: number, window: Int32Array): void {
    const { source, ordinal } = this.#mixture?.draw(draw) ?? { source: 0, ordinal: draw };
    this.#parts[source]?.read(ordinal, window);
  }
}

/** The windows of one text, in the order in which they are drawn. */
class Windows {
  /** In an epoch. */
  readonly count: number;
  readonly endOfDocument: number;
  readonly #source: TokenSource;
  readonly #options: PackedBatchesOptions;
  readonly #seed: number;
  #order: { readonly epoch: number; readonly windows: Uint32Array } | undefined;

  constructor(source: TokenSource, options: PackedBatchesOptions, seed: number) {
    const { batch, context, order } = options;
    this.#source = source;
    this.#options = options;
    this.#seed = seed;
    this.endOfDocument = source.endOfDocument;
    const windows = Math.floor((source.tokens - 1) / context);
    this.count = order === "sequential" ? batch * Math.floor((source.tokens - 1) / batch / context) : windows;
    if (this.count >= 1) return;
    const needed = (order === "sequential" ? batch * context : context) + 1;
    throw new RangeError(
      `A text has ${source.tokens} tokens, but ${order} windows need ${needed}: ` +
        `${order === "sequential" ? `${batch} rows of ${context} and one more` : `${context} and one more`}. ` +
        `Give more text, or make the context${order === "sequential" ? " or the batch" : ""} smaller.`,
    );
  }

  /** @param draw counted over all epochs */
  read(draw: number, window: Int32Array): void {
    const epoch = Math.floor(draw / this.count);
    this.#source.read(this.#start(epoch, draw % this.count, draw), window);
  }

  #start(epoch: number, place: number, draw: number): number {
    const { batch, context, order } = this.#options;
    const { tokens } = this.#source;
    switch (order) {
      case "random":
        return drawBelow(tokens - context, this.#seed, WINDOW_STREAM, draw);
      case "sequential": {
        const rowTokens = Math.floor((tokens - 1) / batch);
        return (place % batch) * rowTokens + Math.floor(place / batch) * context;
      }
      case "shuffled": {
        const spare = (tokens - 1) % context;
        return drawBelow(spare + 1, this.#seed, PHASE_STREAM, epoch) + (this.#windows(epoch)[place] ?? 0) * context;
      }
      default:
        throw new TypeError(`unknown order of windows: ${JSON.stringify(order satisfies never)}`);
    }
  }

  #windows(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) this.#order = { epoch, windows: permutation(this.count, this.#seed, epoch) };
    return this.#order.windows;
  }
}

function checkParts(parts: readonly MixturePart[], { order }: PackedBatchesOptions): void {
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError("A mixture has no parts; give at least one.");
  if (order === "sequential" && others.length > 0) {
    throw new RangeError(`A mixture of ${parts.length} texts cannot be read in sequence; choose the order "shuffled" or "random".`);
  }
  for (const { source } of others) {
    if (source.vocabulary === first.source.vocabulary && source.endOfDocument === first.source.endOfDocument) continue;
    throw new RangeError(
      `The texts of a mixture have vocabularies of ${first.source.vocabulary} and ${source.vocabulary} tokens with the ends ` +
        `${first.source.endOfDocument} and ${source.endOfDocument}. Tokenize them with one tokenizer.`,
    );
  }
}
