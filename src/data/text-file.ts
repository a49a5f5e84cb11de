import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError, messageOf } from "./data-error.ts";
import { errorCode } from "./durable-files.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads the lines of a UTF-8 text file; a name that ends in `.gz` is decompressed. Lines end with LF or CRLF, which are
 * not part of them; a byte order mark is skipped; empty lines are kept, so that aligned files stay aligned.
 *
 * @throws DataError where the file is missing, empty, not gzip though so named, or not UTF-8 (with line and byte).
 */
export async function readLines(file: string): Promise<string[]> {
  const bytes = await readUtf8(file);
  if (bytes.length === 0) throw new DataError(`${file} is empty; at least one line of text was expected.`);
  return [...linesOf(bytes, 0)].map(([from, to]) => bytes.toString("utf8", from, to));
}

/**
 * Reads all of a UTF-8 file as it is, but for a byte order mark; a name that ends in `.gz` is decompressed.
 *
 * @throws DataError as `readLines` does, but an empty file is an empty text
 */
export async function readText(file: string): Promise<string> {
  return (await readUtf8(file)).toString("utf8");
}

/** The bytes of a text, without a byte order mark. */
async function readUtf8(file: string): Promise<Buffer> {
  const bytes = await readBytes(file);
  if (!isUtf8(bytes)) throw invalidUtf8(file, bytes);
  return bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
}

async function readBytes(file: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new DataError(unreadable(file, error));
  }
  if (!file.endsWith(".gz")) return bytes;
  try {
    return bytes.length === 0 ? bytes : await promisify(gunzip)(bytes);
  } catch (error) {
    throw new DataError(
      `${file} is named .gz but cannot be decompressed (${messageOf(error)}); it is damaged, cut short, or not gzip.`,
    );
  }
}

/** Byte ranges of the lines, without their ends; a line end at the very end starts no further line. */
function* linesOf(bytes: Buffer, start: number): Generator<[from: number, to: number]> {
  for (let from = start; from < bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found < 0 ? bytes.length : found;
    yield [from, found > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end];
    from = end + 1;
  }
}

function invalidUtf8(file: string, bytes: Buffer): DataError {
  let line = 0;
  for (const [from, to] of linesOf(bytes, 0)) {
    line++;
    const content = bytes.subarray(from, to);
    if (isUtf8(content)) continue;
    const offset = from + validPrefix(content);
    const byte = (bytes[offset] ?? 0).toString(16).padStart(2, "0");
    return new DataError(
      `${file} is not UTF-8: byte 0x${byte} at offset ${offset} (line ${line}) begins no valid character. ` +
        `Convert the file to UTF-8, for example with iconv.`,
    );
  }
  return new DataError(`${file} is not UTF-8. Convert it, for example with iconv.`);
}

/** The number of bytes before the first that does not belong to a whole character. */
export function validPrefix(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const length = [1, 2, 3, 4].find((size) => at + size <= bytes.length && isUtf8(bytes.subarray(at, at + size)));
    if (length === undefined) break;
    at += length;
  }
  return at;
}

function unreadable(file: string, error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return `${file} does not exist; give the path of a text file, absolute or relative to ${process.cwd()}.`;
    case "EISDIR":
      return `${file} cannot be read, for it is a folder; give the path of a text file in it.`;
    default:
      return `${file} cannot be read: ${messageOf(error)}.`;
  }
}
