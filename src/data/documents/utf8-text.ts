import { isUtf8 } from "node:buffer";
import { DataError } from "../data-error.ts";
import { validPrefix } from "../text-file.ts";

/**
 * Decodes UTF-8 that arrives in pieces, which may cut characters apart; a byte order mark at the beginning is skipped.
 * @throws DataError that names the byte and its offset, where the bytes are not UTF-8.
 */
export async function* decodeUtf8(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<string> {
  let carried = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk]);
    const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes));
    if (!isUtf8(whole)) throw invalid(file, whole, offset);
    const text = whole.toString("utf8");
    if (text !== "") yield offset === 0 && text.startsWith("\ufeff") ? text.slice(1) : text;
    offset += whole.length;
    carried = Buffer.from(bytes.subarray(whole.length));
  }
  if (carried.length > 0) throw invalid(file, carried, offset);
}

/** How many of the last bytes begin a character that goes on in the next piece: 0 to 3. */
export function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function invalid(file: string, bytes: Buffer, offset: number): DataError {
  const place = validPrefix(bytes);
  const byte = (bytes[place] ?? 0).toString(16).padStart(2, "0");
  return new DataError(
    `${file} is not UTF-8: byte 0x${byte} at offset ${offset + place} begins no valid character. ` +
      `Convert the file to UTF-8, for example with iconv.`,
  );
}
