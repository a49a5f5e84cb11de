import { fc, test } from "@fast-check/vitest";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  digestFile,
  readSafetensors,
  readSafetensorsFile,
  SafetensorsError,
  writeSafetensors,
  type NamedTensor,
} from "./safetensors.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const newFile = (): string => join(folder, `${files++}.safetensors`);

/** A file with a header of one's own, as text, and so many bytes of data. */
async function craft(header: string, dataBytes: number, announced?: bigint): Promise<string> {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(announced ?? BigInt(json.length));
  const path = newFile();
  await writeFile(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  return path;
}

/** Written by the Python package safetensors 0.8.0: w float32 [2, 2], i int32 [2], h float16 [4]. */
const pythonFile = Buffer.from(
  "c8000000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a226e70227d2c2277223a7b226474797065223a22463332" +
    "222c227368617065223a5b322c325d2c22646174615f6f666673657473223a5b302c31365d7d2c2269223a7b226474797065223a22493332" +
    "222c227368617065223a5b325d2c22646174615f6f666673657473223a5b31362c32345d7d2c2268223a7b226474797065223a2246313622" +
    "2c227368617065223a5b345d2c22646174615f6f666673657473223a5b32342c33325d7d7d20200000803f000020c0000000000000404007" +
    "000000ffffffff003e0080ff7b0100",
  "hex",
);

const floats = (name: string, ...values: number[]): NamedTensor => ({
  name,
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

describe("readSafetensors", () => {
  it("reads what the Python package writes, half precision widened", async () => {
    const path = newFile();
    await writeFile(path, pythonFile);
    const { tensors, metadata } = await readSafetensorsFile(path);
    expect(metadata).toEqual({ format: "np" });
    expect([...tensors]).toEqual([
      ["w", { dtype: "float32", shape: [2, 2], data: new Float32Array([1, -2.5, 0, 3]) }],
      ["i", { dtype: "int32", shape: [2], data: new Int32Array([7, -1]) }],
      // float16 values from their definition: 1.5, -0, the largest finite one, the smallest subnormal one.
      ["h", { dtype: "float32", shape: [4], data: new Float32Array([1.5, -0, 65504, 2 ** -24]) }],
    ]);
  });

  it("reads bfloat16", async () => {
    const path = await craft(`{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 0);
    await writeFile(path, Buffer.from([0x80, 0x3f, 0x20, 0xc0]), { flag: "a" });
    expect((await readSafetensors(path)).get("b")?.data).toEqual(new Float32Array([1, -2.5]));
  });

  const entry = (offsets: string, shape = "[2]", dtype = `"F32"`): string =>
    `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

  it.each([
    ["a header longer than the file", "{}", 0, 1000n, "announces a header of 1000 bytes, but only 2 bytes follow"],
    ["a header length beyond 2^53", "{}", 0, 2n ** 63n, "announces a header of 9223372036854775808 bytes"],
    ["a header that is no JSON", "{", 0, undefined, "the header is not valid JSON"],
    ["a header that is no object", "[]", 0, undefined, "the header must be a JSON object"],
    ["metadata of numbers", `{"__metadata__":{"a":1}}`, 0, undefined, `"__metadata__" must be an object of strings`],
    ["a tensor that is no object", `{"a":1}`, 0, undefined, `tensor "a" is not described by an object`],
    ["another dtype", `{"a":${entry("[0,8]", "[2]", `"F64"`)}}`, 8, undefined, `tensor "a" has dtype "F64"`],
    ["a negative size", `{"a":${entry("[0,8]", "[-2]")}}`, 8, undefined, `tensor "a" has shape [-2]`],
    ["three offsets", `{"a":${entry("[0,8,9]")}}`, 8, undefined, `tensor "a" has data_offsets [0,8,9]`],
    ["data past the end", `{"a":${entry("[0,8]")}}`, 7, undefined, `tensor "a" lies at bytes [0, 8), outside the 7`],
    [
      "too few bytes",
      `{"a":${entry("[0,4]")}}`,
      4,
      undefined,
      `tensor "a" holds 4 bytes, but F32 of shape [2] takes 8`,
    ],
    [
      "an overlap",
      `{"a":${entry("[0,8]")},"b":${entry("[4,12]")}}`,
      12,
      undefined,
      `tensor "b" begins at byte 4, inside`,
    ],
    ["a gap", `{"a":${entry("[0,8]")},"b":${entry("[9,17]")}}`, 17, undefined, `bytes [8, 9) before tensor "b"`],
    ["trailing bytes", `{"a":${entry("[0,8]")}}`, 9, undefined, "the tensors take 8 bytes, but 9 follow the header"],
  ])("refuses %s", async (_, header, dataBytes, announced, message) => {
    const path = await craft(header, dataBytes, announced);
    const error: unknown = await readSafetensors(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SafetensorsError);
    expect(String(error)).toContain(path);
    expect(String(error)).toContain(message);
  });

  it("refuses a file of less than eight bytes", async () => {
    const path = newFile();
    await writeFile(path, "short");
    await expect(readSafetensors(path)).rejects.toThrow("has 5 bytes, but a safetensors file starts with 8 bytes");
  });
});

describe("writeSafetensors", () => {
  it("writes the documented bytes", async () => {
    const path = newFile();
    await writeSafetensors(path, [floats("a", 1)]);
    const header = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  `;
    expect(header.length % 8).toBe(0);
    const expected = Buffer.concat([
      Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from(header),
      Buffer.from([0, 0, 0x80, 0x3f]),
    ]);
    expect(await readFile(path)).toEqual(expected);
  });

  it("returns the digest of the file that is on the disk", async () => {
    const path = newFile();
    const digest = await writeSafetensors(path, [floats("a", 1, 2, 3)], { origin: "test" });
    const bytes = await readFile(path);
    expect(digest).toEqual({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    expect(await digestFile(path)).toEqual(digest);
    expect((await readSafetensorsFile(path)).metadata).toEqual({ origin: "test" });
  });

  it("writes a view of a larger buffer, and more than one chunk", async () => {
    const path = newFile();
    const data = new Float32Array(5_000_000).fill(0.5).subarray(1);
    data[data.length - 1] = 7;
    await writeSafetensors(path, [{ name: "big", dtype: "float32", shape: [data.length], data }]);
    const read = (await readSafetensors(path)).get("big")?.data ?? [];
    expect([read.length, read[0], read[data.length - 1]]).toEqual([data.length, 0.5, 7]);
  });

  it.each<[string, NamedTensor[], string]>([
    ["two tensors of a name", [floats("a", 1), floats("a", 2)], `two tensors are named "a"`],
    ["the reserved name", [floats("__metadata__", 1)], `named "__metadata__", which the format reserves`],
    [
      "a wrong shape",
      [{ ...floats("a", 1), shape: [2, 3] }],
      `tensor "a" has 1 elements, but its shape [2, 3] asks for 6`,
    ],
  ])("refuses %s", async (_, tensors, message) => {
    await expect(writeSafetensors(newFile(), tensors)).rejects.toThrow(message);
  });
});

const tensor = fc
  .tuple(fc.string(), fc.array(fc.nat(3), { maxLength: 3 }), fc.boolean(), fc.nat())
  .map(([name, shape, isFloat, seed]): NamedTensor => {
    const length = shape.reduce((product, size) => product * size, 1);
    const bits = Int32Array.from({ length }, (_, index) => Math.imul(seed + index, 0x9e3779b1));
    return isFloat
      ? { name, shape, dtype: "float32", data: new Float32Array(bits.buffer) }
      : { name, shape, dtype: "int32", data: bits };
  });
const bytesOf = (each: { data: Float32Array | Int32Array }): string =>
  Buffer.from(each.data.buffer, each.data.byteOffset, each.data.byteLength).toString("hex");
const distinctTensors = fc
  .uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 })
  .filter((tensors) => tensors.every(({ name }) => name !== "__metadata__"));

describe("the round trip", () => {
  test.prop([distinctTensors, fc.dictionary(fc.string(), fc.string())], { numRuns: 200 })(
    "returns every tensor and string bit for bit",
    async (tensors, metadata) => {
      const path = newFile();
      await writeSafetensors(path, tensors, metadata);
      const read = await readSafetensorsFile(path);
      expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
      expect(read.tensors.size).toBe(tensors.length);
      for (const each of tensors) {
        const found = read.tensors.get(each.name);
        expect(found && { ...found, data: bytesOf(found) }).toEqual({
          dtype: each.dtype,
          shape: each.shape,
          data: bytesOf(each),
        });
      }
    },
  );

  it("takes a tensor named __proto__ for one like any other", async () => {
    const path = newFile();
    await writeSafetensors(path, [floats("__proto__", 1), floats("constructor", 2)]);
    expect([...(await readSafetensors(path)).keys()]).toEqual(["__proto__", "constructor"]);
  });

  test.prop([fc.nat(pythonFile.length - 1), fc.integer({ min: 1, max: 255 })], { numRuns: 400 })(
    "is refused, or yields consistent tensors, when a byte is altered",
    async (position, flip) => {
      const bytes = Buffer.from(pythonFile);
      bytes[position] = (bytes[position] ?? 0) ^ flip;
      await expectRefusedOrConsistent(bytes);
    },
  );

  test.prop([fc.nat(pythonFile.length - 1)])("is refused when it is cut off anywhere", async (length) => {
    const path = newFile();
    await writeFile(path, pythonFile.subarray(0, length));
    await expect(readSafetensors(path)).rejects.toThrow(SafetensorsError);
  });
});

async function expectRefusedOrConsistent(bytes: Buffer): Promise<void> {
  const path = newFile();
  await writeFile(path, bytes);
  try {
    for (const { shape, data } of (await readSafetensors(path)).values()) {
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    }
  } catch (error) {
    expect(error).toBeInstanceOf(SafetensorsError);
  }
}
