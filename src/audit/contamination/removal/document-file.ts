import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { DocumentSource } from "../../../data/documents/document-source.ts";
import { AuditError } from "../../audit-error.ts";
import type { Boundary } from "../../words/word-scanner.ts";

/** How documents are kept apart: each a line, paragraphs with an empty line between, or JSON records. */
export type DocumentForm = "line" | "paragraph" | "json";

/** @throws AuditError where documents of these kinds cannot be written under this name */
export function formOf(output: string, sources: readonly DocumentSource[], boundary: Boundary): DocumentForm {
  if (/\.(zst|parquet)$/.test(output)) throw new AuditError(`${output} cannot be written; give a name that ends in .jsonl or .txt, or in .jsonl.gz or .txt.gz.`);
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(output)) return "json";
  const other = sources.find(({ kind }) => kind !== "text");
  if (other === undefined && boundary !== "none") return boundary;
  const what = other === undefined ? "whole files" : `the documents of ${other.kind === "package" ? other.package : other.file}`;
  throw new AuditError(`${output} would be plain text, in which ${what} could not be told apart; give a name that ends in .jsonl or .jsonl.gz.`);
}

/** A document, or a piece of one, as it is written; in the field of its record where there are records. */
export function formatDocument(text: Buffer | string, form: DocumentForm, field: string, record: object = {}): Buffer {
  switch (form) {
    case "json":
      return Buffer.from(`${JSON.stringify({ ...record, [field]: text.toString() })}\n`);
    case "line":
      return Buffer.from(`${text.toString()}\n`);
    case "paragraph":
      return Buffer.from(`${text.toString().trimEnd()}\n\n`);
    default:
      return form satisfies never;
  }
}

/** Writes what comes to a file that has its name only when it is whole; `.gz` is compressed. */
export async function writeWhole(output: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const unfinished = `${output}.unfinished`;
  try {
    if (output.endsWith(".gz")) await pipeline(chunks, createGzip(), createWriteStream(unfinished));
    else await pipeline(chunks, createWriteStream(unfinished));
    await rename(unfinished, output);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
