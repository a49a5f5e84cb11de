import { gzipSync } from "node:zlib";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditContamination, type ContaminationOptions } from "./audit-contamination.ts";
import { candidateProbability } from "./min-hash.ts";

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-audit-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(content: string | Uint8Array, suffix = ".txt"): Promise<string> {
  const path = join(folder, `${files++}${suffix}`);
  await writeFile(path, content);
  return path;
}

async function audit(train: readonly string[], examples: readonly string[], options: Partial<ContaminationOptions> = {}) {
  const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");
  return auditContamination({ train: [await file(lines(train))], test: await file(lines(examples)), ...options });
}

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
const grams = (text: string, n: number): string[] => words(text).flatMap((_, at, all) => at + n <= all.length ? [all.slice(at, at + n).join(" ")] : []);

function shingles(text: string, size: number): Set<string> {
  const all = grams(text, size);
  return new Set(all.length > 0 || text === "" ? all : [text]);
}

function jaccard(one: Set<string>, other: Set<string>): number {
  const both = [...one].filter((member) => other.has(member)).length;
  return both / (one.size + other.size - both);
}

/** The share of words that n-grams cover which stand in 1 to `common` documents. */
function coverage(text: string, train: readonly string[], n: number, common: number): number {
  const documents = train.map((document) => new Set(grams(document, n)));
  const covered = new Set<number>();
  grams(text, n).forEach((gram, at) => {
    const count = documents.filter((set) => set.has(gram)).length;
    if (count > 0 && count <= common) for (let word = at; word < at + n; word++) covered.add(word);
  });
  return covered.size / words(text).length;
}

const sentence = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 14 }).map((parts) => parts.join(" "));
const documents = fc.array(sentence, { minLength: 1, maxLength: 12 }).filter((texts) => texts.some((text) => text !== ""));

describe("auditContamination", () => {
  it.prop([documents, documents, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })], { numRuns: 40 })(
    "flags what comparing everything with everything flags", async (train, examples, n, shingle, common) => {
      // One row a band and many bands: every pair of some similarity becomes a candidate.
      const { flagged } = await audit(train, examples, { n, shingle, common, similarity: 0.4, permutations: 128, bands: 128 });
      const expected = examples.flatMap((text, index) => {
        if (text === "") return [];
        const same = train.includes(text);
        const covered = coverage(text, train, n, common);
        const nearest = Math.max(0, ...train.filter((each) => each !== "").map((each) => jaccard(shingles(text, shingle), shingles(each, shingle))));
        return [
          ...(same ? [{ index, kind: "exact", score: 1 }] : []),
          ...(covered > 0 ? [{ index, kind: "overlap", score: covered }] : []),
          ...(!same && nearest >= 0.4 ? [{ index, kind: "near-duplicate", score: nearest }] : []),
        ];
      });
      expect(flagged.map(({ index, kind, score }) => ({ index, kind, score }))).toEqual(expected);
    });

  test("finds near duplicates as often as the curve says, within four standard errors", async () => {
    const pairs = 600;
    for (const similarity of [0.5, 0.6, 0.7]) {
      // Of 100 words 100·similarity stand in both texts.
      const side = (pair: number, name: string): string => [
        ...Array.from({ length: 100 * similarity }, (_, at) => `w${pair}x${at}`),
        ...Array.from({ length: 50 - 50 * similarity }, (_, at) => `${name}${pair}x${at}`),
      ].join(" ");
      const texts = (name: string): string[] => Array.from({ length: pairs }, (_, pair) => side(pair, name));
      const { nearDuplicates, flagged } = await audit(texts("a"), texts("b"), { n: 200, shingle: 1, similarity: 0.3, permutations: 64, bands: 16 });
      const expected = candidateProbability(similarity, { bands: 16, rows: 4 });
      expect(Math.abs(nearDuplicates / pairs - expected)).toBeLessThan(4 * Math.sqrt(expected * (1 - expected) / pairs));
      expect(flagged.every(({ score, index, document }) => Math.abs(score - similarity) < 1e-9 && document === index + 1)).toBe(true);
    }
  });

  test("reads JSON lines, compressed files and paragraphs, and keeps the place of examples without words", async () => {
    const text = "one two three four five six seven eight nine";
    const train = await file(gzipSync(`before\n\n${text.replace("five ", "five\n")}\n\nafter`), ".txt.gz");
    const examples = await file(['{"question":""}', JSON.stringify({ question: text })].join("\n"), ".jsonl");
    const report = await auditContamination({ train: [train], test: examples, trainBy: "paragraph", testField: "question", n: 8 });
    expect(report).toMatchObject({ examples: 2, empty: 1, exact: 1, overlapping: 1 });
    expect(report.flagged[0]).toEqual({ index: 1, kind: "exact", score: 1, file: train, document: 2 });
  });

  test("with n-grams of automatic length takes the 5th percentile of the lengths, from 8 to 13", async () => {
    const lengths = (count: number): string[] => Array.from({ length: 40 }, () => Array.from({ length: count }, (_, at) => `w${at}`).join(" "));
    for (const [length, n] of [[3, 8], [10, 10], [30, 13]] as const) {
      expect((await audit(["something"], lengths(length), { n: "auto" })).n).toBe(n);
    }
  });

  test("counts characters as words where no spaces stand between words", async () => {
    const report = await audit(["他说今天天气很好我们去公园玩吧"], ["她想今天天气很好我们去公园玩吗"], { n: 13 });
    expect(report).toMatchObject({ overlapping: 0, characterWords: 1 });
    expect(await audit(["他说今天天气很好我们去公园玩吧"], ["她想今天天气很好我们去公园玩吗"], { n: 8 })).toMatchObject({ overlapping: 1 });
  });

  test("refuses in one sentence what says nothing", async () => {
    const [text, empty] = [await file("some words\n"), await file("\n\n")];
    await expect(auditContamination({ train: [text], test: text })).rejects.toThrow(/named both as --train and as --test/);
    await expect(auditContamination({ train: [await file("other words\n"), text], test: join(folder, "*.txt") })).rejects.toThrow(/named both as --train and as --test/);
    await expect(auditContamination({ train: [text], test: empty })).rejects.toThrow(/test set .* has no words/);
    await expect(auditContamination({ train: [empty], test: text })).rejects.toThrow(/training set .* has no words/);
    await expect(auditContamination({ train: [text], test: text, permutations: 128, bands: 9 })).rejects.toThrow(/128 permutations cannot be cut into 9 bands/);
    await expect(auditContamination({ train: [text], test: text, permutations: 1e9 })).rejects.toThrow(/1000000000 permutations were asked for; ask for 1 to 65536/);
    await expect(auditContamination({ train: [text], test: text, permutations: 0 })).rejects.toThrow(/0 permutations were asked for/);
    await expect(auditContamination({ train: [text], test: text, bands: -8 })).rejects.toThrow(/128 permutations cannot be cut into -8 bands/);
    for (const n of [0, -3, 2.5]) await expect(auditContamination({ train: [text], test: text, n })).rejects.toThrow(`n-grams of ${n} words were asked for; they may have 1 to 1048576`);
    await expect(auditContamination({ train: [text], test: text, n: 1e11 })).rejects.toThrow(/n-grams of 100000000000 words were asked for; they may have 1 to 1048576/);
    await expect(auditContamination({ train: [await file(Uint8Array.of(65, 0xff, 10))], test: text })).rejects.toThrow(/byte 0xff near offset 1/);
  });
});
