import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { uniqueSuffix } from "../../data/durable-files.ts";

/** Lines that are handed on together. */
const LINES_AT_ONCE = 4096;

/** Writes lines into a gzipped file, beside its place and renamed when whole. */
export async function writeGzippedLines(path: string, lines: Iterable<string>): Promise<void> {
  const temporary = `${path}.${uniqueSuffix()}.tmp`;
  try {
    await pipeline(Readable.from(chunked(lines)), createGzip({ level: 3 }), createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function* chunked(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(`${line}\n`);
    if (chunk.length < LINES_AT_ONCE) continue;
    yield chunk.join("");
    chunk = [];
  }
  if (chunk.length > 0) yield chunk.join("");
}
