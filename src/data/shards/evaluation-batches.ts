import { packedBatch, type PackedBatch } from "./text-batch.ts";
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
 * first is predicted from an end token. Rows that the text does not fill have a smaller length, which for carried rows
 * may be 0 in the last batch.
 *
 * @throws RangeError where a number makes no sense
 */
export function* evaluationBatches(source: TokenSource, options: EvaluationOptions): Generator<PackedBatch> {
  const { batch, context, carried, documents = false } = options;
  for (const [name, value] of Object.entries({ batch, context })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} is ${value}; give a whole number of at least 1.`);
  }
  const { endOfDocument } = source;
  let continued = false;
  for (const stretches of carried ? parallelRows(source.tokens, batch, context) : windows(source.tokens, batch, context)) {
    const tokens = new Int32Array(stretches.length * context).fill(endOfDocument);
    const targets = tokens.slice();
    stretches.forEach(({ start, end }, row) => {
      const at = row * context;
      source.read(start, targets.subarray(at, at + end - start));
      if (end > start + 1) tokens.set(targets.subarray(at, at + end - start - 1), at + 1);
      if (end > start && start > 0) source.read(start - 1, tokens.subarray(at, at + 1));
    });
    yield packedBatch(tokens, targets, Int32Array.from(stretches, ({ start, end }) => end - start), { continued, documents, endOfDocument });
    continued = carried;
  }
}

/** The targets of a row: places `start` to before `end` of the text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

function* windows(tokens: number, batch: number, context: number): Generator<Stretch[]> {
  for (let first = 0; first < tokens; first += batch * context) {
    const rows = Math.min(batch, Math.ceil((tokens - first) / context));
    yield Array.from({ length: rows }, (_, row) => {
      const start = first + row * context;
      return { start, end: Math.min(tokens, start + context) };
    });
  }
}

/** Row b reads the b-th of `batch` parts whose lengths differ by one at most. */
function* parallelRows(tokens: number, batch: number, context: number): Generator<Stretch[]> {
  const edge = (row: number): number => Math.floor((row * tokens) / batch);
  const longest = Math.ceil(tokens / batch);
  for (let done = 0; done < longest; done += context) {
    yield Array.from({ length: batch }, (_, row) => {
      const end = edge(row + 1);
      const start = Math.min(end, edge(row) + done);
      return { start, end: Math.min(end, start + context) };
    });
  }
}
