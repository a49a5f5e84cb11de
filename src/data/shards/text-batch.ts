import type { IntegerArray } from "../collate.ts";

/** Stretches of text with the token after each place, as a language model reads them. */
export interface PackedBatch {
  /** `[batch, context]` */
  readonly tokens: IntegerArray;
  /** `[batch, context]`: the token after each. */
  readonly targets: IntegerArray;
  /** `[batch, context]`: 1 where the target counts, 0 where it does not. */
  readonly judged: IntegerArray;
  /** How many places hold text; the others fill their rows up with end tokens. */
  readonly read: number;
  /** Scalar: 1 where each row goes on from the same row of the batch before, 0 where it does not. */
  readonly continued: IntegerArray;
  /** `[batch, context]`: number of the document that a place belongs to, from 0 in each row; where asked for. */
  readonly documents?: IntegerArray;
  /** `[batch, context]`: places since the document or the row began; where asked for. */
  readonly positions?: IntegerArray;
}

/** Batches with random access: `(epoch, index)`, both counted from 0, is the whole data position. */
export interface TextBatches {
  batchesInEpoch(epoch: number): number;
  /** @throws RangeError where the epoch has no such batch */
  batch(epoch: number, index: number): PackedBatch;
}

/** Puts rows together. `tokens` and `targets` are row-major `[rows, context]`, and row b's places count up to `lengths[b]`. */
export function packedBatch(
  tokens: Int32Array, targets: Int32Array, lengths: Int32Array, { continued, documents, endOfDocument }: {
    readonly continued: boolean; readonly documents: boolean; readonly endOfDocument: number;
  },
): PackedBatch {
  const rows = lengths.length;
  const context = rows === 0 ? 0 : tokens.length / rows;
  const shape = [rows, context];
  const judged = new Int32Array(tokens.length);
  lengths.forEach((length, row) => judged.fill(1, row * context, row * context + length));
  return {
    tokens: { data: tokens, shape },
    targets: { data: targets, shape },
    judged: { data: judged, shape },
    read: lengths.reduce((sum, length) => sum + length, 0),
    continued: { data: Int32Array.of(continued ? 1 : 0), shape: [] },
    ...(documents ? documentPlaces(tokens, shape, endOfDocument) : {}),
  };
}

/**
 * The end token of one document is the first place of the next: there is nothing else that its first word could be
 * predicted from.
 */
function documentPlaces(tokens: Int32Array, shape: readonly number[], endOfDocument: number): Pick<Required<PackedBatch>, "documents" | "positions"> {
  const context = shape[1] ?? 0;
  const documents = new Int32Array(tokens.length);
  const positions = new Int32Array(tokens.length);
  for (let at = 0; at < tokens.length; at++) {
    if (at % context === 0) continue;
    const begins = tokens[at] === endOfDocument;
    documents[at] = (documents[at - 1] ?? 0) + (begins ? 1 : 0);
    positions[at] = begins ? 0 : (positions[at - 1] ?? 0) + 1;
  }
  return { documents: { data: documents, shape }, positions: { data: positions, shape } };
}
