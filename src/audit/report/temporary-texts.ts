import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { TokenSource } from "../../data/shards/token-shards.ts";

const CHUNK_TOKENS = 1 << 16;

/** Texts as files, from which an audit streams them whatever their size. */
export class TemporaryTexts {
  private constructor(readonly folder: string) {}

  /** A folder that is gone when `use` is done. */
  static async use<Result>(use: (texts: TemporaryTexts) => Promise<Result>): Promise<Result> {
    const texts = new TemporaryTexts(await mkdtemp(join(tmpdir(), "decade-report-")));
    try {
      return await use(texts);
    } finally {
      await rm(texts.folder, { recursive: true });
    }
  }

  /** Writes documents with an end after each, and gives the file's path. */
  async write(name: string, documents: Iterable<string>, end: string): Promise<string> {
    const path = join(this.folder, name);
    await pipeline(chunks(documents, end), createWriteStream(path));
    return path;
  }
}

function* chunks(documents: Iterable<string>, end: string): Generator<string> {
  for (const document of documents) yield `${document}${end}`;
}

/** The texts of tokens, each up to the token that ends documents. */
export function* decodedDocuments(sources: readonly TokenSource[], decode: (tokens: Int32Array) => string): Generator<string> {
  for (const source of sources) {
    let parts: Int32Array[] = [];
    for (let offset = 0; offset < source.tokens; offset += CHUNK_TOKENS) {
      const tokens = new Int32Array(Math.min(CHUNK_TOKENS, source.tokens - offset));
      source.read(offset, tokens);
      let from = 0;
      for (let end = tokens.indexOf(source.endOfDocument); end >= 0; end = tokens.indexOf(source.endOfDocument, from)) {
        yield decode(joined([...parts, tokens.subarray(from, end)]));
        [parts, from] = [[], end + 1];
      }
      parts.push(tokens.subarray(from));
    }
    const rest = joined(parts);
    if (rest.length > 0) yield decode(rest);
  }
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
