import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { readPairs } from "./source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-source-"));
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const tsv = (path: string, sourceColumn = 0, targetColumn = 1): Promise<unknown> =>
  readPairs({ kind: "tsv", file: path, sourceColumn, targetColumn });
const jsonl = (path: string): Promise<unknown> =>
  readPairs({ kind: "jsonl", file: path, sourceField: "en", targetField: "fr" });

const cell = fc
  .string({ unit: "grapheme" })
  .map((text) => text.replace(/[\t\r\n\uFEFF]/g, ""))
  .filter((text) => Buffer.from(text).toString() === text);

describe("readPairs", () => {
  test.prop([fc.array(fc.tuple(cell, cell, cell), { minLength: 1 })], { numRuns: 40 })(
    "reads back written TSV, JSON lines and parallel files",
    async (rows) => {
      const pairs = rows.map(([, target, source]) => ({ source, target }));
      const table = await file("t.tsv", rows.map((row) => `${row.join("\t")}\n`).join(""));
      expect(await tsv(table, 2, 1)).toEqual(pairs);
      const objects = pairs.map(({ source, target }) => `${JSON.stringify({ id: 1, en: source, fr: target })}\n`);
      expect(await jsonl(await file("t.jsonl", objects.join("")))).toEqual(pairs);
      const source = await file("t.en", pairs.map((pair) => `${pair.source}\n`).join(""));
      const target = await file("t.fr", pairs.map((pair) => `${pair.target}\n`).join(""));
      expect(await readPairs({ kind: "parallel", source, target })).toEqual(pairs);
    },
  );

  test("refuses parallel files of unequal length with both counts", async () => {
    const source = await file("two.en", "a\nb\n");
    const target = await file("three.fr", "a\nb\nc\n");
    await expect(readPairs({ kind: "parallel", source, target })).rejects.toThrow(
      /two\.en has 2 lines but .*three\.fr has 3/,
    );
  });

  test("names the ragged line of a TSV, and a column that is not there", async () => {
    const ragged = await file("ragged.tsv", "a\tb\nc\n");
    await expect(tsv(ragged)).rejects.toThrow("ragged.tsv, line 2: 1 column, but line 1 has 2");
    const narrow = await file("narrow.tsv", "a\tb\n");
    await expect(tsv(narrow, 0, 2)).rejects.toThrow("has 2 columns, but column 2 (counted from 0)");
    await expect(tsv(narrow, 0, -1)).rejects.toThrow("Column -1");
  });

  test("names the line and fault of bad JSON lines", async () => {
    const faults: [string, string][] = [
      ['{"en": "a"', "line 2 is not JSON"],
      ['["a", "b"]', "line 2 is JSON but not an object"],
      ['{"en": "a", "de": "b"}', 'line 2 has no field "fr"; its fields are "en", "de"'],
      ['{"en": "a", "fr": 7}', 'line 2 has a field "fr" that is not a string: 7'],
    ];
    for (const [fault, message] of faults) {
      const path = await file("bad.jsonl", `{"en": "a", "fr": "b"}\n${fault}\n`);
      await expect(jsonl(path), fault).rejects.toThrow(message);
    }
    await expect(jsonl(await file("blank.jsonl", "\n\n"))).rejects.toThrow("only blank lines");
    await expect(jsonl(await file("inherited.jsonl", '{"en": "a"}\n'))).rejects.toThrow('no field "fr"');
  });

  test("reads the pronouncing dictionary, with alternatives and without stress", async () => {
    const plain = await readPairs({ kind: "dictionary", package: "cmu-pronouncing-dictionary", stress: false });
    const stressed = await readPairs({ kind: "dictionary", package: "cmu-pronouncing-dictionary", stress: true });
    const of = (pairs: typeof plain, word: string): string[] =>
      pairs.filter(({ source }) => source === word).map(({ target }) => target);
    expect(of(stressed, "tomato")).toEqual(["T AH0 M EY1 T OW2", "T AH0 M AA1 T OW2"]);
    expect(of(plain, "tomato")).toEqual(["T AH M EY T OW", "T AH M AA T OW"]);
    expect(plain.some(({ source }) => /\(\d+\)$/.test(source))).toBe(false);
    expect(new Set(plain.map(({ source, target }) => `${source}\t${target}`)).size).toBe(plain.length);
    // ARPAbet has 39 phonemes in this dictionary (Carnegie Mellon University, CMUdict 0.7b).
    expect(new Set(plain.flatMap(({ target }) => target.split(" "))).size).toBe(39);
    expect(stressed.length).toBeGreaterThanOrEqual(plain.length);
  });

  const multi30k = fileURLToPath(new URL("../../../shared/data/multi30k/", import.meta.url));
  test.skipIf(!existsSync(multi30k))("reads Multi30k (skipped where ../shared/data/multi30k is absent)", async () => {
    const pairs = await readPairs({
      kind: "parallel",
      source: `${multi30k}train.en.gz`,
      target: `${multi30k}train.fr.gz`,
    });
    expect(pairs.length).toBe(29_000);
    expect(pairs[0]).toEqual({
      source: "Two young, White males are outside near many bushes.",
      target: "Deux jeunes hommes blancs sont dehors près de buissons.",
    });
  });
});
