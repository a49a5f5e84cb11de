import { readDocuments, type DocumentSource } from "../../../data/documents/document-source.ts";
import { DEFAULT_LIMIT } from "../../../data/documents/document-limit.ts";
import { jsonRecords, textField } from "../../../data/documents/json-documents.ts";
import { AuditError } from "../../audit-error.ts";
import type { Boundary } from "../../words/word-scanner.ts";
import { textChunks } from "../text-ranges.ts";

/** A document as it stands in its file. */
export interface DocumentText {
  /** UTF-8; only valid until the next document is asked for. */
  readonly bytes: Buffer;
  /** The JSON record that it is a field of. */
  readonly record?: object;
}

/** So much of a document of plain text is in memory at most. */
const LONGEST = 1 << 26;
const LINE_FEED = 10;

/**
 * The documents of a source as `scanTask` counts them, one at a time.
 *
 * @throws DataError where the text cannot be read; AuditError where a document is too long to be held
 */
export async function* documentTexts(source: DocumentSource, boundary: Boundary): AsyncGenerator<DocumentText> {
  switch (source.kind) {
    case "text":
      yield* plainDocuments(source.file, boundary);
      return;
    case "jsonl":
      for await (const records of jsonRecords(source.file, DEFAULT_LIMIT.maximum)) {
        for (const { record, line } of records) yield { bytes: Buffer.from(textField(record, source.field, `${source.file}, line ${line},`)), record };
      }
      return;
    case "parquet":
    case "package":
      for await (const text of readDocuments([source])) yield { bytes: Buffer.from(text) };
      return;
    default:
      source satisfies never;
  }
}

async function* plainDocuments(file: string, boundary: Boundary): AsyncGenerator<DocumentText> {
  if (boundary === "line") yield* bytesAsDocuments(lines(file));
  else yield* bytesAsDocuments(joined(file, boundary === "paragraph"));
}

async function* bytesAsDocuments(texts: AsyncIterable<Buffer>): AsyncGenerator<DocumentText> {
  for await (const bytes of texts) yield { bytes };
}

/** The lines of a file without their ends. */
async function* lines(file: string): AsyncGenerator<Buffer> {
  let unfinished: Buffer[] = [];
  let length = 0;
  for await (const chunk of textChunks(file)) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      const line = bytes.subarray(from, end);
      yield unfinished.length === 0 ? line : Buffer.concat([...unfinished, line]);
      [unfinished, length, from] = [[], 0, end + 1];
    }
    if (from === bytes.length) continue;
    unfinished.push(Buffer.from(bytes.subarray(from)));
    length += bytes.length - from;
    requireHeld(length, file);
  }
  if (length > 0) yield Buffer.concat(unfinished);
}

/** Lines put together, up to one without anything but white space where paragraphs are asked for. */
async function* joined(file: string, paragraphs: boolean): AsyncGenerator<Buffer> {
  let [parts, length, isWritten]: [Buffer[], number, boolean] = [[], 0, false];
  for await (const line of lines(file)) {
    const isBlank = paragraphs && line.toString().trim() === "";
    if (isBlank && isWritten) {
      yield Buffer.concat(parts);
      [parts, length, isWritten] = [[], 0, false];
    }
    if (isBlank) continue;
    parts.push(Buffer.concat([line, Buffer.from("\n")]));
    isWritten = true;
    length += line.length + 1;
    requireHeld(length, file);
  }
  if (isWritten) yield Buffer.concat(parts);
}

function requireHeld(length: number, file: string): void {
  if (length <= LONGEST) return;
  throw new AuditError(`${file} has a document of more than ${LONGEST} bytes, but one at a time is held to be cut; break it up, or say with --train-by what its documents are.`);
}
