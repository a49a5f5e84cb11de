import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fc, it } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditContamination, type ContaminationOptions } from "../audit-contamination.ts";
import { splitDocument } from "./split-document.ts";
import { wordPlaces } from "./word-places.ts";

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-removal-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(content: string, suffix = ".txt"): Promise<string> {
  const path = join(folder, `${files++}${suffix}`);
  await writeFile(path, content);
  return path;
}

interface Cleaned {
  readonly pieces: readonly string[];
  readonly isDropped: boolean;
}

/** The rule by marking every character of every overlap and of what is around it. */
function cleanedByMarks(text: string, unwanted: ReadonlySet<string>, n: number): Cleaned {
  const words = [...text.matchAll(/\S+/g)];
  const marked = new Set<number>();
  words.forEach((word, at) => {
    const last = words[at + n - 1];
    if (last === undefined || !unwanted.has(words.slice(at, at + n).join(" "))) return;
    for (let place = word.index - 200; place < last.index + last[0].length + 200; place++) marked.add(place);
  });
  if (marked.size === 0) return { pieces: [text], isDropped: false };
  const parts = Array.from(text, (character, at) => marked.has(at) ? "\n" : character).join("").split(/\n+/).map((part) => part.trim()).filter((part) => part !== "");
  return { pieces: parts.length > 10 ? [] : parts.filter(({ length }) => length >= 200), isDropped: parts.length > 10 };
}

const grams = (text: string, n: number): string[] => text.split(" ").flatMap((_, at, all) => at + n <= all.length ? [all.slice(at, at + n).join(" ")] : []);

// Few words far apart that may overlap, so that documents fall into several pieces.
const word = fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 0, max: 4000 }).map((number) => `${String(number).padStart(4, "x")}${"y".repeat(number % 90)}`) }, { weight: 1, arbitrary: fc.constantFrom("a", "b") });
const text = (longest: number) => fc.array(word, { minLength: 1, maxLength: longest }).map((words) => words.join(" "));

describe("removal of overlaps", () => {
  it.prop([fc.array(text(120), { minLength: 1, maxLength: 5 }), fc.array(fc.constantFrom("a a", "a b a", "b b", "b a"), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 4 })], { numRuns: 60 })(
    "leaves what marking every character leaves", async (documents, examples, n, common) => {
      const output = join(folder, `${files++}.txt`);
      const { removal } = await auditContamination({ train: [await file(`${documents.join("\n")}\n`)], test: await file(`${examples.join("\n")}\n`), n, common, remove: output });
      const tested = new Set(examples.flatMap((example) => grams(example, n)));
      const unwanted = new Set([...tested].filter((gram) => documents.filter((document) => grams(document, n).includes(gram)).length <= common));
      const cleaned = documents.map((document) => cleanedByMarks(document, unwanted, n));
      expect(await readFile(output, "utf8")).toBe(cleaned.flatMap(({ pieces }) => pieces).map((piece) => `${piece}\n`).join(""));
      expect(removal).toMatchObject({ documents: documents.length, dropped: cleaned.filter(({ isDropped }) => isDropped).length });
    });

  const filler = (name: string, words: number): string => Array.from({ length: words }, (_, at) => `${name}${at}`).join(" ");
  const planted = "one two three four five six seven eight nine ten eleven twelve thirteen";

  test("takes 200 characters on either side, and keeps common phrases", async () => {
    const [train, examples, output] = [await file(`${filler("p", 200)} One, two three four five six seven eight nine ten eleven twelve THIRTEEN! ${filler("q", 30)} end\n`), await file(`${planted}\n`), join(folder, "clean.jsonl.gz")];
    const before = (await readFile(train, "utf8")).split(" One")[0] ?? "";
    const { removal } = await auditContamination({ train: [train], test: examples, remove: output });
    const records = gunzipSync(await readFile(output)).toString().trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
    // 200 characters before "One", the blank among them; what stands after it is shorter than 200.
    expect(records).toEqual([{ text: before.slice(0, -199).trim() }]);
    expect(removal).toMatchObject({ documents: 1, overlapping: 1, dropped: 0, emptied: 0, pieces: 1, shortPieces: 0 });
    const many = await file(`${planted}\n`.repeat(11));
    expect((await auditContamination({ train: [many], test: examples, remove: output })).removal).toMatchObject({ documents: 11, overlapping: 0, pieces: 0 });
  });

  test("keeps the other fields of records, and paragraphs apart", async () => {
    const long = filler("word", 120);
    const records = [{ id: 1, body: `${planted} ${long}` }, { id: 2, body: "nothing of it" }, { id: 3, body: "" }];
    const output = join(folder, "fields.jsonl");
    await auditContamination({ train: [await file(records.map((record) => JSON.stringify(record)).join("\n"), ".jsonl")], test: await file(planted), field: "body", remove: output });
    const written = (await readFile(output, "utf8")).trimEnd().split("\n").map((line) => JSON.parse(line) as { id: number; body: string });
    expect(written.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(long.endsWith(written[0]?.body ?? "-")).toBe(true);
    const paragraphs = join(folder, "paragraphs.txt");
    await auditContamination({ train: [await file(`first\nparagraph\n\n\n${planted}\n \nlast one`)], test: await file(planted), trainBy: "paragraph", remove: paragraphs });
    expect(await readFile(paragraphs, "utf8")).toBe("first\nparagraph\n\nlast one\n\n");
  });

  test("a document in more than ten pieces goes", () => {
    const overlaps = (count: number) => Array.from({ length: count }, (_, at) => ({ start: 1000 * (at + 1), end: 1000 * (at + 1) + 10 }));
    expect(splitDocument("x".repeat(20_000), overlaps(9))).toMatchObject({ isDropped: false, short: 0, pieces: { length: 10 } });
    expect(splitDocument("x".repeat(20_000), overlaps(10))).toEqual({ isDropped: true, short: 0, pieces: [] });
  });

  test("cuts no character in two", () => {
    const { pieces } = splitDocument(`${"😀".repeat(300)}ab${"😀".repeat(300)}`, [{ start: 601, end: 602 }]);
    expect(pieces.map((piece) => /^😀+$/u.test(piece))).toEqual([true, true]);
  });

  test("knows where words stand, in scripts without spaces too", () => {
    const example = " “Don’t go”, 他说。re-do ";
    expect(wordPlaces(example).map(({ start, end }) => example.slice(start, end))).toEqual(["“Don’t", "go”,", "他", "说。", "re-do"]);
  });

  test("refuses in one sentence what cannot be written", async () => {
    const [train, examples] = [await file("some words\n"), await file("other words\n")];
    const audit = (options: Partial<ContaminationOptions>) => auditContamination({ train: [train], test: examples, ...options });
    await expect(audit({ remove: train })).rejects.toThrow(/is read too; give another name/);
    await expect(audit({ remove: join(folder, "none", "out.txt") })).rejects.toThrow(/does not exist; make it first/);
    await expect(audit({ remove: join(folder, "out.txt"), trainBy: "none" })).rejects.toThrow(/whole files could not be told apart; give a name that ends in .jsonl/);
    await expect(audit({ remove: join(folder, "out.zst") })).rejects.toThrow(/cannot be written/);
    expect((await readdir(folder)).filter((name) => name.endsWith(".unfinished"))).toEqual([]);
  });
});
