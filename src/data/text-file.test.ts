import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { DataError } from "./data-error.ts";
import { readLines, readText } from "./text-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-text-"));
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const line = fc
  .string({ unit: "binary" })
  .map((text) => text.replace(/[\r\n\uFEFF]/g, ""))
  .filter((text) => Buffer.from(text).toString() === text);

describe("readLines", () => {
  test.prop([fc.array(line, { minLength: 1 }), fc.constantFrom("\n", "\r\n"), fc.boolean(), fc.boolean()], {
    numRuns: 60,
  })(
    "gives back the lines that were written, plain or gzipped, with or without a byte order mark",
    async (lines, end, mark, zipped) => {
      const text = (mark ? "\uFEFF" : "") + lines.map((each) => each + end).join("");
      const path = zipped ? await file("p.txt.gz", gzipSync(text)) : await file("p.txt", text);
      expect(await readLines(path)).toEqual(lines);
    },
  );

  test("needs no line end at the end, and keeps empty lines", async () => {
    expect(await readLines(await file("open.txt", "a\n\nb"))).toEqual(["a", "", "b"]);
    expect(await readLines(await file("blank.txt", "\n\n"))).toEqual(["", ""]);
  });

  test("splits at line feeds only, not at other characters that some tools take for line ends", async () => {
    expect(await readLines(await file("separators.txt", "a\u2028b\u0085c\rd\n"))).toEqual(["a\u2028b\u0085c\rd"]);
  });

  test("names a file that is missing, empty, a folder or not gzip", async () => {
    await expect(readLines(join(folder, "absent.txt"))).rejects.toThrow("absent.txt does not exist");
    await expect(readLines(await file("empty.txt", ""))).rejects.toThrow("empty.txt is empty");
    await expect(readLines(await file("empty.txt.gz", ""))).rejects.toThrow("empty.txt.gz is empty");
    await expect(readLines(await file("mark.txt", "\uFEFF"))).rejects.toThrow("mark.txt is empty");
    await expect(readLines(folder)).rejects.toThrow("cannot be read, for it is a folder");
    await expect(readLines(await file("not.gz", "plain text"))).rejects.toThrow("not.gz is named .gz but");
    await expect(readLines(await file("cut.gz", gzipSync("some text").subarray(0, 15)))).rejects.toThrow(DataError);
  });

  test("gives the line and byte of what is not UTF-8", async () => {
    const latin1 = Buffer.from("ab\ncafé\n", "latin1");
    await expect(readLines(await file("latin1.txt", latin1))).rejects.toThrow("byte 0xe9 at offset 6 (line 2)");
    const surrogate = Buffer.from([0x61, 0x0a, 0xc3, 0xa9, 0xed, 0xa0, 0x80]);
    await expect(readLines(await file("surrogate.txt", surrogate))).rejects.toThrow("byte 0xed at offset 4 (line 2)");
    const overlong = Buffer.from([0xc0, 0xaf]);
    await expect(readLines(await file("overlong.txt", overlong))).rejects.toThrow("byte 0xc0 at offset 0 (line 1)");
  });
});

describe("readText", () => {
  test.prop([line, fc.boolean(), fc.boolean()], { numRuns: 30 })("gives back a text with its line ends, plain or gzipped, without a byte order mark", async (each, mark, zipped) => {
    const text = `${each}\r\n\n${each}`;
    const bytes = Buffer.from((mark ? "\uFEFF" : "") + text);
    expect(await readText(zipped ? await file("t.txt.gz", gzipSync(bytes)) : await file("t.txt", bytes))).toBe(text);
  });

  test("of an empty file is empty; refuses what is missing or not UTF-8", async () => {
    expect(await readText(await file("none.txt", ""))).toBe("");
    await expect(readText(join(folder, "absent.txt"))).rejects.toThrow("absent.txt does not exist");
    await expect(readText(await file("bytes.txt", Uint8Array.of(0x61, 0xff)))).rejects.toThrow("byte 0xff at offset 1");
  });
});
