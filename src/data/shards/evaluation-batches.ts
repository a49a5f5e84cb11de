import { packedBatch, type PackedBatch, type TextBatches } from "./text-batch.ts";
import type { TokenSource } from "./token-shards.ts";

export interface EvaluationOptions {
  /** Rows of a batch. */
  readonly batch: number;
  /** Tokens of a row. */
  readonly context: number;
  /**
   * Whether each row goes on where the same row of the batch before ended, for models that carry a state; with a batch
   * of 1 the whole text is one row. Otherwise rows are windows that know nothing of each other.
   */
  readonly carried: boolean;
  /** Whether batches say which document each place belongs to; not by default. */
  readonly documents?: boolean | undefined;
}

/**
 * Batches in which every token of a text is a target exactly once, so that perplexity and bits per byte are exact. The
 * first is predicted from an end token. Rows that the text does not fill are judged on fewer places, carried rows in the
 * last batch perhaps on none. All epochs are alike.
 */
export class EvaluationBatches implements TextBatches {
  readonly #source: TokenSource;
  readonly #options: EvaluationOptions;

  /** @throws RangeError where a number makes no sense */
  constructor(source: TokenSource, options: EvaluationOptions) {
    const { batch, context } = options;
    for (const [name, value] of Object.entries({ batch, context })) {
      if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} is ${value}; give a whole number of at least 1.`);
    }
    this.#source = source;
    this.#options = options;
  }

  batchesInEpoch(_epoch = 0): number {
    const { batch, context, carried } = this.#options;
    const { tokens } = this.#source;
    return Math.ceil(carried ? Math.ceil(tokens / batch) / context : tokens / (batch * context));
  }

  batch(_epoch: number, index: number): PackedBatch {
    if (!Number.isInteger(index) || index < 0 || index >= this.batchesInEpoch()) {
      throw new RangeError(`The text has batches 0 to ${this.batchesInEpoch() - 1}, but batch ${index} was asked for.`);
    }
    const { context, carried, documents = false } = this.#options;
    const { endOfDocument } = this.#source;
    const stretches = carried ? this.#parallelRows(index) : this.#windows(index);
    const tokens = new Int32Array(stretches.length * context).fill(endOfDocument);
    const targets = tokens.slice();
    stretches.forEach(({ start, end }, row) => {
      const at = row * context;
      this.#source.read(start, targets.subarray(at, at + end - start));
      if (end > start + 1) tokens.set(targets.subarray(at, at + end - start - 1), at + 1);
      if (end > start && start > 0) this.#source.read(start - 1, tokens.subarray(at, at + 1));
    });
    return packedBatch(tokens, targets, Int32Array.from(stretches, ({ start, end }) => end - start), { continued: carried && index > 0, documents, endOfDocument });
  }

  #windows(index: number): Stretch[] {
    const { batch, context } = this.#options;
    const { tokens } = this.#source;
    const first = index * batch * context;
    return Array.from({ length: Math.min(batch, Math.ceil((tokens - first) / context)) }, (_, row) => {
      const start = first + row * context;
      return { start, end: Math.min(tokens, start + context) };
    });
  }

  /** Row b reads the b-th of `batch` parts whose lengths differ by one at most. */
  #parallelRows(index: number): Stretch[] {
    const { batch, context } = this.#options;
    const edge = (row: number): number => Math.floor((row * this.#source.tokens) / batch);
    return Array.from({ length: batch }, (_, row) => {
      const end = edge(row + 1);
      const start = Math.min(end, edge(row) + index * context);
      return { start, end: Math.min(end, start + context) };
    });
  }
}

/** The targets of a row: places `start` to before `end` of the text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}
