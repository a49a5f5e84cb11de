import { isUtf8 } from "node:buffer";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { DataError } from "../data/data-error.ts";
import { readDocuments } from "../data/documents/document-source.ts";
import type { Pair } from "../data/source.ts";
import { readPairs } from "../data/source.ts";
import { readLines } from "../data/text-file.ts";

/** Some of a text's lines. */
export interface LinePortion {
  readonly lines: readonly string[];
  /** How many come before them. */
  readonly first: number;
  /** How many there are in all, as far as is known. */
  readonly total: number;
}

/**
 * The lines of a file, or of standard input for `-`, in portions: a typist's come one by one.
 * @throws DataError where the text is missing or not UTF-8
 */
export async function* linesInPortions(file: string, size: number): AsyncGenerator<LinePortion> {
  if (file === "-" && process.stdin.isTTY) {
    let first = 0;
    for await (const line of createInterface({ input: process.stdin })) yield { lines: [line], first: first++, total: first };
    return;
  }
  const lines = file === "-" ? await inputLines() : await readLines(file);
  for (let first = 0; first < lines.length; first += size) yield { lines: lines.slice(first, first + size), first, total: lines.length };
}

/** All of standard input, without a byte order mark. @throws DataError where it is not UTF-8 */
export async function standardInput(): Promise<string> {
  const bytes = await buffer(process.stdin);
  if (!isUtf8(bytes)) throw new DataError("Standard input is not UTF-8; convert it, for example with iconv.");
  return new TextDecoder().decode(bytes);
}

async function inputLines(): Promise<string[]> {
  const lines = (await standardInput()).split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/**
 * A file as one text, decompressed where its name ends in `.gz` or `.zst`; white space alone is none.
 * @throws DataError where it is missing or not UTF-8
 */
export async function readWholeText(file: string): Promise<string> {
  const parts: string[] = [];
  for await (const part of readDocuments([{ kind: "text", file }])) parts.push(part);
  return parts.join("");
}

/** The pairs of two parallel files. */
export function readParallel(source: string, target: string): Promise<Pair[]> {
  return readPairs({ kind: "parallel", source, target });
}

/** The pairs of one file: JSON lines where it is so named, else the first two tab-separated columns. */
export function readPairFile(file: string): Promise<Pair[]> {
  return readPairs(/\.jsonl(\.gz)?$/.test(file)
    ? { kind: "jsonl", file, sourceField: "source", targetField: "target" }
    : { kind: "tsv", file, sourceColumn: 0, targetColumn: 1 });
}
