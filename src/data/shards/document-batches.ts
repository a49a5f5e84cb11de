import { DataError } from "../data-error.ts";
import { documentGroups, type DocumentSource, type ReadOptions } from "../documents/document-source.ts";
import { hashDocument } from "./document-hash.ts";
import type { Split } from "./shard-index.ts";

/** A batch is full with so much text, in UTF-16 code units, or so many documents. */
const BATCH_CHARACTERS = 1 << 19;
const BATCH_DOCUMENTS = 4096;

/** Documents that are read one after the other and fall on one or two sides. */
export interface DocumentStream {
  readonly sources: readonly DocumentSource[];
  /** The share that is held out; all of them, or none, where it is 1 or 0. */
  readonly validation: number;
}

/** What earlier shards of a split hold of a stream. */
export interface Finished {
  /** Documents of the stream up to the last that they hold. */
  readonly through: number;
  readonly documents: number;
  readonly bytes: number;
}

export interface DocumentEntry {
  readonly split: Split;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  /** Documents of the stream up to this one. */
  readonly through: number;
}

export interface DocumentBatch {
  readonly texts: readonly string[];
  /** One for each text. */
  readonly entries: readonly DocumentEntry[];
  /** UTF-16 code units of all texts. */
  readonly characters: number;
}

/** The streams that a plan's sources make: one, or one for each split. */
export function streamsOf(sources: readonly DocumentSource[], validation: number | readonly DocumentSource[]): DocumentStream[] {
  if (typeof validation === "number") return [{ sources, validation }];
  return [{ sources, validation: 0 }, { sources: validation, validation: 1 }];
}

export function splitOf(side: number, { validation }: DocumentStream): Split {
  return side < validation ? "validation" : "train";
}

/**
 * The documents of a stream that no finished shard holds, in batches for encoding.
 * @throws DataError where the documents that finished shards hold are not what they were.
 */
export async function* documentBatches(
  stream: DocumentStream, finished: Readonly<Record<Split, Finished>>, options: ReadOptions,
): AsyncGenerator<DocumentBatch> {
  const skipped = { train: { documents: 0, bytes: 0 }, validation: { documents: 0, bytes: 0 } };
  let batch: { texts: string[]; entries: DocumentEntry[] } = { texts: [], entries: [] };
  let characters = 0;
  let through = 0;
  for await (const documents of documentGroups(stream.sources, options)) {
    for (const text of documents) {
      const { side, bytes } = hashDocument(text);
      const split = splitOf(side, stream);
      if (++through <= finished[split].through) {
        skipped[split].documents++;
        skipped[split].bytes += bytes;
        if (through === finished[split].through) checkSkipped(split, skipped[split], finished[split]);
        continue;
      }
      batch.texts.push(text);
      batch.entries.push({ split, bytes, through });
      characters += text.length;
      if (characters < BATCH_CHARACTERS && batch.texts.length < BATCH_DOCUMENTS) continue;
      yield { ...batch, characters };
      batch = { texts: [], entries: [] };
      characters = 0;
    }
  }
  for (const split of ["train", "validation"] as const) checkSkipped(split, skipped[split], finished[split]);
  if (batch.texts.length > 0) yield { ...batch, characters };
}

function checkSkipped(split: Split, skipped: Pick<Finished, "documents" | "bytes">, finished: Finished): void {
  if (skipped.documents === finished.documents && skipped.bytes === finished.bytes) return;
  throw new DataError(
    `The finished ${split} shards hold ${finished.documents} documents of ${finished.bytes} bytes, but the input now has ` +
      `${skipped.documents} of ${skipped.bytes} bytes in their place: it has changed since. Begin again with --overwrite.`,
  );
}
