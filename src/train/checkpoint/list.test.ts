import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TensorData } from "../../data/safetensors.ts";
import { averageCheckpoints } from "./average.ts";
import { bestCheckpoint, latestCheckpoint, listCheckpoints, markBest, pruneCheckpoints } from "./list.ts";
import { CheckpointError, saveCheckpoint } from "./checkpoint.ts";
import { resolveRun } from "../config/config.ts";
import { RunDirectory } from "../run/run-directory.ts";

let folder = "";
let run: RunDirectory;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoints-"));
  const data = { kind: "parallel", source: "a", target: "b" };
  run = await RunDirectory.create(
    resolveRun({ name: "run", directory: folder, data, tokenizer: { kind: "word" }, model: { kind: "seq2seq-lstm" } }),
  );
});
afterEach(async () => {
  run.close();
  await rm(folder, { recursive: true });
});

const floats = (...values: number[]): TensorData => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const integer = (value: number): TensorData => ({ dtype: "int32", shape: [], data: Int32Array.of(value) });
const save = (step: number, model: Record<string, TensorData> = {}): Promise<string> =>
  saveCheckpoint(run, step, { model: new Map(Object.entries(model)), optimizer: new Map(), state: {} });
const steps = async (): Promise<number[]> => (await listCheckpoints(run)).map(({ step }) => step);

describe("the checkpoints of a run", () => {
  it("are none at first", async () => {
    expect([await steps(), await latestCheckpoint(run), await bestCheckpoint(run)]).toEqual([[], undefined, undefined]);
  });

  it("are listed by step, whatever else lies beside them", async () => {
    for (const step of [100, 9, 20]) await save(step);
    await mkdir(join(run.checkpoints, ".partial-step-500-1-ab"));
    await mkdir(join(run.checkpoints, "step-x"));
    expect(await steps()).toEqual([9, 20, 100]);
    expect(await latestCheckpoint(run)).toEqual({ step: 100, path: join(run.checkpoints, "step-100") });
  });

  it("are pruned to the newest and the best", async () => {
    for (const step of [1, 2, 3, 4, 5]) await save(step);
    await markBest(run, 2, { loss: 1.5 });
    expect(await bestCheckpoint(run)).toEqual({ step: 2, path: join(run.checkpoints, "step-2") });
    expect(await pruneCheckpoints(run, 2)).toEqual([1, 3]);
    expect((await readdir(run.checkpoints)).sort()).toEqual(["best.json", "step-2", "step-4", "step-5"]);
    await markBest(run, 5);
    expect(await pruneCheckpoints(run, 2)).toEqual([2]);
    expect(await pruneCheckpoints(run, 9)).toEqual([]);
    expect(await steps()).toEqual([4, 5]);
  });

  it("refuse a best step, a best file and a number to keep that make no sense", async () => {
    await save(1);
    await expect(markBest(run, 2)).rejects.toThrow("it has no checkpoint; there are 1.");
    await expect(pruneCheckpoints(run, 0)).rejects.toThrow("keepLast must be an integer of at least 1");
    await writeFile(join(run.checkpoints, "best.json"), "{");
    await expect(pruneCheckpoints(run, 1)).rejects.toThrow(
      'best.json is damaged: expected { "step": number }, got "{"',
    );
    await writeFile(join(run.checkpoints, "best.json"), '{"step":7}');
    await expect(bestCheckpoint(run)).rejects.toThrow("names step 7, which has no checkpoint");
  });
});

describe("averageCheckpoints", () => {
  it("gives the mean, summed in double precision", async () => {
    // In float32, 2^24 + 1 is 2^24, so that a float32 sum of the first elements would be 2^24 and not 2^24 + 2.
    const values = [2 ** 24, 1, 1];
    const paths: string[] = [];
    for (const [step, value] of values.entries())
      paths.push(await save(step, { a: floats(value, step), n: integer(3) }));
    const mean = await averageCheckpoints(paths);
    expect([...mean]).toEqual([
      ["a", floats(Math.fround((2 ** 24 + 2) / 3), 1)],
      ["n", integer(3)],
    ]);
    expect(Math.fround((2 ** 24 + 2) / 3)).not.toBe(Math.fround(2 ** 24 / 3));
  });

  it.each([
    ["a missing tensor", {}, 'tensor "a" is missing'],
    ["a further tensor", { a: floats(1), b: floats(1) }, 'tensor "b" is only in the former'],
    ["another shape", { a: floats(1, 2) }, 'tensor "a" is float32 [2] in the former and float32 [1] in the latter'],
    ["another dtype", { a: integer(1) }, 'tensor "a" is int32 [] in the former'],
  ])("refuses %s", async (_, model, message) => {
    const paths = [await save(1, { a: floats(1) }), await save(2, model)];
    await expect(averageCheckpoints(paths)).rejects.toThrow(CheckpointError);
    await expect(averageCheckpoints(paths)).rejects.toThrow(message);
  });

  it("refuses differing integers and an empty list", async () => {
    const paths = [await save(1, { n: integer(1) }), await save(2, { n: integer(2) })];
    await expect(averageCheckpoints(paths)).rejects.toThrow('integer tensor "n" differs');
    await expect(averageCheckpoints([])).rejects.toThrow("needs at least one checkpoint");
  });
});
