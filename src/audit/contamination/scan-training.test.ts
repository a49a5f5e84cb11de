import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scanTask, type ScanTask } from "./scan-source.ts";
import { scanTraining } from "./scan-training.ts";
import { TestIndexBuilder } from "./test-index.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-threads-"));
});

afterAll(() => rm(folder, { recursive: true }));

test("several threads find what one finds, in files cut into ranges", async () => {
  const line = (at: number): string => `document number ${at} of many that all differ in what they say about ${at * 7919} and more`;
  const lines = (numbers: readonly number[]): string => numbers.map((at) => `${line(at)}\n`).join("");
  const [train, examples] = [join(folder, "train.txt"), join(folder, "test.txt")];
  const text = lines(Array.from({ length: 300 }, (_, at) => at % 250));
  await Promise.all([writeFile(train, text), writeFile(examples, lines([12, 249, 600]))]);
  const builder = new TestIndexBuilder({ n: 8, shingle: 3, banding: { bands: 32, rows: 2 }, seed: 1 });
  const task = (file: string, from: number, to: number): ScanTask => ({ source: { kind: "text", file }, boundary: "line", range: { from, to }, bytes: to - from });
  await scanTask(task(examples, 0, 1e6), builder);
  const start = { index: builder.build(), threshold: 0.5 };
  const tasks = Array.from({ length: 8 }, (_, at) => task(train, Math.floor((at * text.length) / 8), Math.floor(((at + 1) * text.length) / 8)));
  const one = await scanTraining(tasks, start, { threads: 1 });
  expect(one.documents.reduce((sum, count) => sum + count, 0)).toBe(300);
  expect([...one.findings.wholePlaces].map((place) => place < Infinity)).toEqual([true, true, false]);
  expect(await scanTraining(tasks, start, { threads: 2 })).toEqual(one);
}, 60_000);
