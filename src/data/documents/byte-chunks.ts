import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { DataError, messageOf } from "../data-error.ts";

const CHUNK_BYTES = 1 << 18;

/** Calls with the number of bytes that were just read from the disk, before decompression. */
export type OnRead = (bytes: number) => void;

/**
 * The content of a file in pieces; a name that ends in `.gz` or `.zst` is decompressed on the way.
 * @throws DataError where the file is missing, cannot be read, or is not compressed as its name says.
 */
export async function* byteChunks(file: string, onRead: OnRead = () => undefined): AsyncGenerator<Buffer> {
  if (file.endsWith(".gz")) yield* gunzipped(file, onRead);
  else if (file.endsWith(".zst")) yield* zstdDecompressed(file, onRead);
  else yield* raw(file, onRead);
}

async function* raw(file: string, onRead: OnRead): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      onRead(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* gunzipped(file: string, onRead: OnRead): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const feeding = pipeline(raw(file, onRead), gunzip).catch((error: unknown) => error);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    const cause = await feeding;
    throw cause instanceof DataError ? cause : undecompressable(file, ".gz", error);
  } finally {
    gunzip.destroy();
  }
}

async function* zstdDecompressed(file: string, onRead: OnRead): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  let bytes = 0;
  const decompressor = new Decompress((data) => ready.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
  const push = (chunk: Uint8Array, last: boolean): Buffer[] => {
    ready = [];
    try {
      decompressor.push(chunk, last);
    } catch (error) {
      throw undecompressable(file, ".zst", error);
    }
    return ready;
  };
  for await (const chunk of raw(file, onRead)) {
    bytes += chunk.length;
    yield* push(chunk, false);
  }
  if (bytes > 0) yield* push(new Uint8Array(), true);
}

/** Says that a file cannot be read, where the operating system is what said so. */
export function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return new DataError(
    error.code === "ENOENT"
      ? `${file} does not exist; give the path of a file, absolute or relative to ${process.cwd()}.`
      : `${file} cannot be read: ${messageOf(error)}.`,
  );
}

function undecompressable(file: string, suffix: string, error: unknown): DataError {
  return new DataError(
    `${file} is named ${suffix} but cannot be decompressed (${messageOf(error)}); it is damaged, cut short, or of another kind.`,
  );
}
