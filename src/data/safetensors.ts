/**
 * The safetensors file format (https://huggingface.co/docs/safetensors):
 *
 *     8 bytes   little-endian length n of the header
 *     n bytes   JSON: { "<name>": { dtype, shape, data_offsets: [begin, end] }, "__metadata__"?: {string: string} },
 *               padded with spaces to a multiple of 8
 *     rest      the tensors' bytes, little-endian and row-major, without a gap
 *
 * Typed arrays are read and written as they lie in memory, so the host must be little-endian, as every platform that
 * the engines run on is.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { halfToFloat32, bfloat16ToFloat32 } from "./safetensors-half.ts";
import { parseHeader, SafetensorsError, type HeaderEntry } from "./safetensors-header.ts";

export { SafetensorsError } from "./safetensors-header.ts";

/** A dense array: `data` holds product(`shape`) elements in row-major order. */
export type TensorData =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array };

export type NamedTensor = TensorData & { readonly name: string };

/** A file's length in bytes and the SHA-256 of its content in hexadecimal. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface SafetensorsFile {
  /** In the order in which they lie in the file. */
  readonly tensors: Map<string, TensorData>;
  readonly metadata: Record<string, string>;
}

const chunkBytes = 16 * 1024 * 1024;
const storedDtype = { float32: "F32", int32: "I32" } as const;

/**
 * Writes tensors to a safetensors file, replacing an earlier one, and flushes it to the disk. The tensors' own memory
 * is written piece by piece; nothing is copied.
 *
 *     await writeSafetensors("weights.safetensors", [
 *       { name: "output.bias", dtype: "float32", shape: [2], data: new Float32Array([1, 2]) },
 *     ]);
 *
 * @param metadata strings that are stored beside the tensors
 * @returns the file's length and checksum, computed while writing
 * @throws SafetensorsError for a name that is used twice or reserved, or a shape that does not fit the data; the file
 *   system's own error (with its `code`) when writing fails, which leaves an incomplete file behind
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileDigest> {
  const all = [...tensors];
  const header = encodeHeader(path, all, metadata);
  const hash = createHash("sha256");
  let position = 0;
  const handle = await open(path, "w");
  try {
    const put = async (bytes: Uint8Array): Promise<void> => {
      await writeAll(handle, bytes, position);
      hash.update(bytes);
      position += bytes.byteLength;
    };
    await put(header);
    for (const { data } of all) {
      for (let start = 0; start < data.byteLength; start += chunkBytes) {
        const length = Math.min(chunkBytes, data.byteLength - start);
        await put(new Uint8Array(data.buffer, data.byteOffset + start, length));
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes: position, sha256: hash.digest("hex") };
}

/**
 * Reads every tensor of a safetensors file. F16 and BF16 are widened to float32.
 *
 * @throws SafetensorsError when the file is not whole and consistent: header length against file size, JSON, dtypes,
 *   shapes, offsets in bounds, without overlap or gap, and of the length that the shape asks for
 */
export async function readSafetensors(path: string): Promise<Map<string, TensorData>> {
  return (await readSafetensorsFile(path)).tensors;
}

/** As `readSafetensors`, with the file's `__metadata__`. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const header = await readHeader(handle, path, size);
    const tensors = new Map<string, TensorData>();
    for (const entry of header.entries) {
      tensors.set(entry.name, await readTensor(handle, path, entry, header.dataStart));
    }
    return { tensors, metadata: header.metadata };
  } finally {
    await handle.close();
  }
}

/** The length and SHA-256 of a file, read as a stream. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}

function encodeHeader(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set("__metadata__", metadata);
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    if (name === "__metadata__") {
      throw new SafetensorsError(`${path}: a tensor is named "__metadata__", which the format reserves; rename it.`);
    }
    if (entries.has(name)) {
      throw new SafetensorsError(`${path}: two tensors are named "${name}"; every tensor needs a name of its own.`);
    }
    const expected = shape.reduce((product, size) => product * size, 1);
    if (expected !== data.length || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
      throw new SafetensorsError(
        `${path}: tensor "${name}" has ${data.length} elements, but its shape [${shape.join(", ")}] ` +
          `asks for ${expected}; give the shape of the data.`,
      );
    }
    entries.set(name, {
      dtype: storedDtype[dtype],
      shape,
      data_offsets: [offset, offset + data.byteLength],
    });
    offset += data.byteLength;
  }
  // Object.fromEntries defines own properties, so that a tensor named "__proto__" is one like any other.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}

interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  readonly dataStart: number;
}

async function readHeader(handle: FileHandle, path: string, size: number): Promise<Header> {
  if (size < 8) {
    throw new SafetensorsError(
      `${path} has ${size} bytes, but a safetensors file starts with 8 bytes of header length; it is truncated or ` +
        `of another format.`,
    );
  }
  const prefix = new Uint8Array(8);
  await readAll(handle, prefix, 0, path);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(size - 8)) {
    throw new SafetensorsError(
      `${path} announces a header of ${length} bytes, but only ${size - 8} bytes follow; it is truncated or of ` +
        `another format.`,
    );
  }
  const bytes = new Uint8Array(Number(length));
  await readAll(handle, bytes, 8, path);
  const dataStart = 8 + bytes.length;
  return { ...parseHeader(path, bytes, size - dataStart), dataStart };
}

async function readTensor(
  handle: FileHandle,
  path: string,
  entry: HeaderEntry,
  dataStart: number,
): Promise<TensorData> {
  const position = dataStart + entry.begin;
  const { shape, elements } = entry;
  switch (entry.dtype) {
    case "F32": {
      const data = new Float32Array(elements);
      await readAll(handle, data, position, path);
      return { dtype: "float32", shape, data };
    }
    case "I32": {
      const data = new Int32Array(elements);
      await readAll(handle, data, position, path);
      return { dtype: "int32", shape, data };
    }
    case "F16":
    case "BF16": {
      const halves = new Uint16Array(elements);
      await readAll(handle, halves, position, path);
      const data = entry.dtype === "F16" ? halfToFloat32(halves) : bfloat16ToFloat32(halves);
      return { dtype: "float32", shape, data };
    }
    default:
      return entry.dtype satisfies never;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

async function readAll(handle: FileHandle, target: ArrayBufferView, position: number, path: string): Promise<void> {
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  let done = 0;
  while (done < bytes.byteLength) {
    const wanted = Math.min(chunkBytes, bytes.byteLength - done);
    const { bytesRead } = await handle.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) {
      throw new SafetensorsError(`${path} became shorter while it was read; is another process writing it?`);
    }
    done += bytesRead;
  }
}
