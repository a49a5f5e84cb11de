import { isUtf8 } from "node:buffer";
import { stat } from "node:fs/promises";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type FileMetaData } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError, messageOf } from "../data-error.ts";
import { unreadable, type OnRead } from "./byte-chunks.ts";
import { DocumentAssembler, type DocumentLimit } from "./document-limit.ts";

/**
 * The documents of one column of a Parquet file, one row group at a time, which is in memory whole; rows without a
 * value are skipped.
 */
export async function* parquetDocuments(file: string, field: string, limit: DocumentLimit, onRead?: OnRead): AsyncGenerator<string[]> {
  const source = await open(file);
  const metadata = await parquetMetadataAsync(source).catch((error: unknown) => {
    throw new DataError(`${file} is not a Parquet file that can be read (${messageOf(error)}).`);
  });
  checkColumn(file, field, metadata);
  const assembler = new DocumentAssembler(limit, file);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const documents: string[] = [];
    const rows = await parquetReadObjects({
      file: source, metadata, compressors, columns: [field], rowStart, rowEnd, parsers: { stringFromBytes: decode },
    }).catch((error: unknown) => {
      throw new DataError(`${file}, rows ${rowStart + 1} to ${rowEnd}, cannot be read: ${messageOf(error)}.`);
    });
    for (const [index, row] of rows.entries()) {
      const value: unknown = row[field];
      if (value === null || value === undefined) continue;
      if (typeof value !== "string") {
        throw new DataError(`${file}, row ${rowStart + index + 1}: "${field}" is of type ${typeof value}, not a string. Name the column of text.`);
      }
      documents.push(...assembler.add(value, `, row ${rowStart + index + 1},`), ...assembler.end());
    }
    onRead?.(Number(group.total_compressed_size ?? group.total_byte_size));
    rowStart = rowEnd;
    yield documents;
  }
}

async function open(file: string): Promise<Awaited<ReturnType<typeof asyncBufferFromFile>>> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (size === 0) throw new DataError(`${file} is empty; a Parquet file was expected.`);
  return asyncBufferFromFile(file);
}

function checkColumn(file: string, field: string, { schema }: FileMetaData): void {
  const [root, ...columns] = schema;
  if (root !== undefined && columns.some(({ name }) => name === field)) return;
  throw new DataError(
    `${file} has no column "${field}"; its columns are ${columns.map(({ name }) => `"${name}"`).join(", ") || "none"}. ` +
      `Name the column that holds the text.`,
  );
}

function decode(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("a text in these rows is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
