import { stat } from "node:fs/promises";
import type { DocumentSource } from "../../data/documents/document-source.ts";
import { readDocuments, sourceBytes } from "../../data/documents/document-source.ts";
import { DEFAULT_LIMIT } from "../../data/documents/document-limit.ts";
import { jsonRecords, textField } from "../../data/documents/json-documents.ts";
import { WordScanner, type Boundary, type WordSink } from "../words/word-scanner.ts";
import { textChunks, type ByteRange } from "./text-ranges.ts";

/** A part of a text that one thread reads. */
export interface ScanTask {
  readonly source: DocumentSource;
  /** What documents of a text file are: its lines, its paragraphs, or the whole file. */
  readonly boundary: Boundary;
  readonly range?: ByteRange;
  /** Bytes on the disk. */
  readonly bytes: number;
}

const RANGE_BYTES = 1 << 26;

/** The tasks of some sources in order: large files of lines are cut into ranges. */
export async function scanTasks(sources: readonly DocumentSource[], boundary: Boundary): Promise<ScanTask[]> {
  const tasks = await Promise.all(sources.map(async (source) => {
    if (source.kind !== "text" || boundary !== "line" || /\.(gz|zst)$/.test(source.file)) return [{ source, boundary, bytes: await sourceBytes(source) }];
    const { size } = await stat(source.file);
    return Array.from({ length: Math.ceil(size / RANGE_BYTES) }, (_, at): ScanTask => {
      const range = { from: at * RANGE_BYTES, to: Math.min(size, (at + 1) * RANGE_BYTES) };
      return { source, boundary, range, bytes: range.to - range.from };
    });
  }));
  return tasks.flat();
}

/** Hands the words of a task's documents to a sink. @throws DataError where the text cannot be read */
export async function scanTask({ source, boundary, range }: ScanTask, sink: WordSink): Promise<Pick<WordScanner, "documents" | "characterWords">> {
  const scanner = new WordScanner(sink, source.kind === "text" ? boundary : "none");
  if (source.kind === "text") {
    for await (const chunk of textChunks(source.file, range)) scanner.scan(chunk);
    scanner.finish();
  } else {
    for await (const text of texts(source)) {
      scanner.scan(Buffer.from(text));
      scanner.end();
    }
  }
  return scanner;
}

/** Unlike `readDocuments`, this keeps JSON records without a word, so that documents are counted as records are. */
async function* texts(source: Exclude<DocumentSource, { kind: "text" }>): AsyncGenerator<string> {
  if (source.kind !== "jsonl") {
    yield* readDocuments([source]);
    return;
  }
  for await (const records of jsonRecords(source.file, DEFAULT_LIMIT.maximum)) {
    for (const { record, line } of records) yield textField(record, source.field, `${source.file}, line ${line},`);
  }
}
