/** Training text without what overlaps with the test set (Brown et al. 2020, appendix C). */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { DocumentSource } from "../../../data/documents/document-source.ts";
import { AuditError } from "../../audit-error.ts";
import { WordScanner, type Boundary } from "../../words/word-scanner.ts";
import type { TestIndex } from "../test-index.ts";
import { CollisionFinder } from "./collision-finder.ts";
import { documentTexts, type DocumentText } from "./document-texts.ts";
import { formatDocument, formOf, writeWhole, type DocumentForm } from "./document-file.ts";
import { splitDocument } from "./split-document.ts";
import { wordPlaces } from "./word-places.ts";

export interface RemovalOptions {
  readonly output: string;
  readonly sources: readonly DocumentSource[];
  readonly boundary: Boundary;
  /** The field of JSON records that text is written to. */
  readonly field: string;
  /** Told after every few documents. */
  readonly onDocuments?: ((done: number) => void) | undefined;
}

export interface Removal {
  readonly output: string;
  /** Training documents, with those that have no words. */
  readonly documents: number;
  /** With an overlap. */
  readonly overlapping: number;
  /** Of them, in more than 10 pieces and so left out. */
  readonly dropped: number;
  /** Of them, without a piece of 200 characters. */
  readonly emptied: number;
  /** Written for the others. */
  readonly pieces: number;
  /** Pieces of fewer characters, which are left out. */
  readonly shortPieces: number;
  /** UTF-8 bytes of the documents, and of what is left of them. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Bytes that are written at a time. */
const CHUNK = 1 << 18;

/** @throws AuditError where the output cannot hold such documents or its folder is missing */
export async function checkRemoval({ output, sources, boundary }: Pick<RemovalOptions, "output" | "sources" | "boundary">): Promise<void> {
  formOf(output, sources, boundary);
  const folder = dirname(output);
  if (!await stat(folder).then((found) => found.isDirectory(), () => false)) throw new AuditError(`${folder}, the folder of ${output}, does not exist; make it first.`);
}

/**
 * Reads the training text a second time and writes it without the n-grams that are not wanted and 200 characters on either
 * side. One document at a time is in memory.
 *
 * @param unwanted 1 for each n-gram of the index that is to go
 * @throws DataError where the text cannot be read; AuditError as `checkRemoval`, and where a document is too long to be held
 */
export async function removeOverlaps(index: TestIndex, unwanted: Uint8Array, options: RemovalOptions): Promise<Removal> {
  const remover = new OverlapRemover(index, unwanted, options);
  await writeWhole(options.output, remover.chunks());
  return { output: options.output, ...remover.counts };
}

class OverlapRemover {
  readonly counts = { documents: 0, overlapping: 0, dropped: 0, emptied: 0, pieces: 0, shortPieces: 0, bytesBefore: 0, bytesAfter: 0 };
  readonly #finder: CollisionFinder;
  readonly #scanner: WordScanner;
  readonly #form: DocumentForm;

  constructor(private readonly index: TestIndex, unwanted: Uint8Array, private readonly options: RemovalOptions) {
    this.#finder = new CollisionFinder(index, unwanted);
    this.#scanner = new WordScanner(this.#finder, "none");
    this.#form = formOf(options.output, options.sources, options.boundary);
  }

  /** What is to be written, many documents at a time. */
  async *chunks(): AsyncGenerator<Buffer> {
    let [parts, length]: [Buffer[], number] = [[], 0];
    for (const source of this.options.sources) {
      for await (const document of documentTexts(source, this.options.boundary)) {
        for (const text of this.#cleaned(document)) {
          const part = formatDocument(text, this.#form, this.options.field, document.record);
          parts.push(part);
          length += part.length;
        }
        if (length < CHUNK) continue;
        yield Buffer.concat(parts);
        [parts, length] = [[], 0];
        this.options.onDocuments?.(this.counts.documents);
      }
    }
    yield Buffer.concat(parts);
  }

  /** The document itself where nothing of it is to go, or else its pieces. */
  #cleaned({ bytes }: DocumentText): readonly (Buffer | string)[] {
    const { counts } = this;
    counts.documents++;
    counts.bytesBefore += bytes.length;
    this.#scanner.scan(bytes);
    this.#scanner.end();
    const starts = this.#finder.take();
    const texts = starts.length === 0 ? [bytes] : this.#pieces(bytes.toString(), starts);
    for (const text of texts) counts.bytesAfter += Buffer.byteLength(text);
    return texts;
  }

  #pieces(text: string, starts: readonly number[]): readonly string[] {
    const { counts } = this;
    const words = wordPlaces(text);
    const overlaps = starts.map((first) => ({ start: words[first]?.start ?? 0, end: words[first + this.index.n - 1]?.end ?? text.length }));
    const { pieces, short, isDropped } = splitDocument(text, overlaps);
    counts.overlapping++;
    counts.pieces += pieces.length;
    counts.shortPieces += short;
    if (isDropped) counts.dropped++;
    else if (pieces.length === 0) counts.emptied++;
    return pieces;
  }
}
