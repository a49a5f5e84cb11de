import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { DataError } from "../../data/data-error.ts";
import { byteChunks, unreadable } from "../../data/documents/byte-chunks.ts";
import { unfinishedBytes } from "../../data/documents/utf8-text.ts";
import { validPrefix } from "../../data/text-file.ts";

const CHUNK_BYTES = 1 << 20;
const LINE_FEED = 10;

/** The lines of a file that begin between two places, in bytes. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The bytes of UTF-8 text in pieces that end with whole characters, of a whole file (`.gz` and `.zst` are unpacked) or of
 * the lines that begin in a range of it. A piece is only valid until the next is asked for.
 *
 * @throws DataError where the file is missing, cannot be read or is not UTF-8
 */
export async function* textChunks(file: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
  const chunks = range === undefined ? byteChunks(file) : rangeChunks(file, range);
  let carried = Buffer.alloc(0);
  let offset = range?.from ?? 0;
  let isFirst = offset === 0;
  for await (const chunk of chunks) {
    const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
    const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes));
    if (!isUtf8(whole)) throw notUtf8(file, offset, whole);
    yield isFirst && whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf ? whole.subarray(3) : whole;
    isFirst &&= whole.length === 0;
    offset += whole.length;
    carried = Buffer.from(bytes.subarray(whole.length));
  }
  if (carried.length > 0) throw notUtf8(file, offset, carried);
}

async function* rangeChunks(file: string, { from, to }: ByteRange): AsyncGenerator<Buffer> {
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    // A line begins at `from` where a line end stands just before it.
    let position = Math.max(0, from - 1);
    let isInside = from === 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return;
      const bytes = buffer.subarray(0, bytesRead);
      const start = isInside ? 0 : bytes.indexOf(LINE_FEED) + 1;
      isInside ||= start > 0;
      if (isInside && position + start >= to && start > 0) return;
      const end = position + bytesRead < to ? 0 : bytes.indexOf(LINE_FEED, Math.max(start, to - 1 - position)) + 1;
      if (isInside) yield bytes.subarray(start, end === 0 ? bytesRead : end);
      if (isInside && end > 0) return;
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function notUtf8(file: string, offset: number, bytes: Buffer): DataError {
  const place = validPrefix(bytes);
  const byte = (bytes[place] ?? 0).toString(16).padStart(2, "0");
  return new DataError(`${file} is not UTF-8: byte 0x${byte} near offset ${offset + place} begins no valid character. Convert the file to UTF-8, for example with iconv.`);
}
