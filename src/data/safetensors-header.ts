/** A safetensors file that breaks the format, or tensors that cannot be written in it. */
export class SafetensorsError extends Error {
  override readonly name = "SafetensorsError";
}

const bytesPerElement = { F32: 4, I32: 4, F16: 2, BF16: 2 } as const;
type StoredDtype = keyof typeof bytesPerElement;

/** The format's own limit, which keeps a corrupt length from claiming the memory. */
const maximumHeaderBytes = 100_000_000;

/** One tensor's place in a file: bytes [begin, end) of the part after the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * Checks a header and returns its tensors in the order in which they lie in the file.
 *
 * @param path names the file in errors
 * @param bytes the JSON header
 * @param dataBytes how many bytes follow the header
 */
export function parseHeader(
  path: string,
  bytes: Uint8Array,
  dataBytes: number,
): { entries: HeaderEntry[]; metadata: Record<string, string> } {
  const header = parseJson(path, bytes);
  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = parseMetadata(path, value);
    else entries.push(parseEntry(path, name, value, dataBytes));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(path, entries, dataBytes);
  return { entries, metadata };
}

function parseJson(path: string, bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > maximumHeaderBytes) {
    throw new SafetensorsError(
      `${path} announces a header of ${bytes.length} bytes, but the format allows ${maximumHeaderBytes}; it is ` +
        `corrupt or of another format.`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(`${path}: the header is not valid JSON (${reason}); the file is corrupt.`, { cause });
  }
  if (!isRecord(header)) throw new SafetensorsError(`${path}: the header must be a JSON object; the file is corrupt.`);
  return header;
}

function parseMetadata(path: string, value: unknown): Record<string, string> {
  const strings = new Map<string, string>();
  for (const [key, text] of isRecord(value) ? Object.entries(value) : [["", value] as const]) {
    if (typeof text !== "string") {
      throw new SafetensorsError(`${path}: "__metadata__" must be an object of strings; the file is corrupt.`);
    }
    strings.set(key, text);
  }
  return Object.fromEntries(strings);
}

function parseEntry(path: string, name: string, value: unknown, dataBytes: number): HeaderEntry {
  const fail = (problem: string): never => {
    throw new SafetensorsError(`${path}: tensor "${name}" ${problem}`);
  };
  if (!isRecord(value)) return fail("is not described by an object with dtype, shape and data_offsets.");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isStoredDtype(dtype)) {
    return fail(`has dtype ${JSON.stringify(dtype)}; expected one of ${Object.keys(bytesPerElement).join(", ")}.`);
  }
  if (!isSizes(shape)) return fail(`has shape ${JSON.stringify(shape)}; expected non-negative integers.`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`has data_offsets ${JSON.stringify(offsets)}; expected two non-negative integers.`);
  }
  const [begin = 0, end = 0] = offsets;
  if (begin > end || end > dataBytes) {
    return fail(`lies at bytes [${begin}, ${end}), outside the ${dataBytes} bytes of data; the file is truncated.`);
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  const expected = elements * bytesPerElement[dtype];
  if (expected !== end - begin) {
    return fail(`holds ${end - begin} bytes, but ${dtype} of shape [${shape.join(", ")}] takes ${expected}.`);
  }
  return { name, dtype, shape, elements, begin, end };
}

/** The format wants every byte of data to belong to exactly one tensor. */
function checkCoverage(path: string, entries: readonly HeaderEntry[], dataBytes: number): void {
  let covered = 0;
  for (const [index, { name, begin, end }] of entries.entries()) {
    if (begin < covered) {
      const previous = entries[index - 1]?.name ?? "";
      throw new SafetensorsError(
        `${path}: tensor "${name}" begins at byte ${begin}, inside tensor "${previous}", which ends at ${covered}.`,
      );
    }
    if (begin > covered) {
      throw new SafetensorsError(
        `${path}: bytes [${covered}, ${begin}) before tensor "${name}" belong to no tensor; the file is corrupt.`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new SafetensorsError(
      `${path}: the tensors take ${covered} bytes, but ${dataBytes} follow the header; the file is corrupt.`,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStoredDtype(value: unknown): value is StoredDtype {
  return typeof value === "string" && Object.hasOwn(bytesPerElement, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
