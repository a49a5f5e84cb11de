import { fc, test } from "@fast-check/vitest";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeSafetensors, type TensorData } from "../../data/safetensors.ts";
import { hash32 } from "../../data/shuffle.ts";
import { CheckpointError, loadCheckpoint, loadModel, saveCheckpoint, type CheckpointContents } from "./checkpoint.ts";
import { listCheckpoints } from "./list.ts";
import { resolveRun } from "../config/config.ts";
import { mountSmallDisk } from "../fixtures/small-disk.ts";
import { RunDirectory } from "../run/run-directory.ts";

let folder = "";
let run: RunDirectory;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
  run = await createRun(folder);
});
afterEach(async () => {
  run.close();
  await rm(folder, { recursive: true });
});

function createRun(directory: string): Promise<RunDirectory> {
  return RunDirectory.create(
    resolveRun({
      name: "run",
      directory,
      data: { kind: "parallel", source: "a", target: "b" },
      tokenizer: { kind: "word" },
      model: { kind: "seq2seq-lstm" },
    }),
  );
}

const floats = (...values: number[]): TensorData => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const contents = (value: number): CheckpointContents => ({
  model: new Map([["encoder.weight", floats(value, -1)]]),
  optimizer: new Map<string, TensorData>([
    ["encoder.weight.mean", floats(0.5, value)],
    ["count", { dtype: "int32", shape: [], data: Int32Array.from([value]) }],
  ]),
  state: { epoch: 2, nested: { 10: [1, 2], 9: "ü" }, absent: undefined, notANumber: NaN },
});
const savedState = { epoch: 2, nested: { 10: [1, 2], 9: "ü" }, notANumber: null };

describe("a checkpoint", () => {
  it("comes back as it was saved", async () => {
    const path = await saveCheckpoint(run, 20, contents(7));
    expect(path).toBe(join(run.path, "checkpoints", "step-20"));
    const { model, optimizer } = contents(7);
    expect(await loadCheckpoint(path)).toEqual({ step: 20, path, model, optimizer, state: savedState });
    expect(await loadModel(path)).toEqual({ step: 20, path, model, state: savedState });
    expect((await readdir(path)).sort()).toEqual(["model.safetensors", "optimizer.safetensors", "state.json"]);
    expect(await readdir(run.checkpoints)).toEqual(["step-20"]);
  });

  it("replaces one of the same step", async () => {
    await saveCheckpoint(run, 20, contents(7));
    const path = await saveCheckpoint(run, 20, contents(8));
    expect((await loadCheckpoint(path)).model).toEqual(contents(8).model);
    expect(await readdir(run.checkpoints)).toEqual(["step-20"]);
  });

  it.each([-1, 1.5, NaN])("needs a step: %s", async (step) => {
    await expect(saveCheckpoint(run, step, contents(7))).rejects.toThrow("a step that is a non-negative integer");
  });
});

describe("loadCheckpoint", () => {
  it("names a truncated file, and what was expected and got", async () => {
    const path = await saveCheckpoint(run, 1, contents(7));
    const file = join(path, "optimizer.safetensors");
    const { length } = await readFile(file);
    await truncate(file, length - 3);
    await expect(loadCheckpoint(path)).rejects.toThrow(
      `${file} is truncated: expected ${length} bytes, got ${length - 3}.`,
    );
    await expect(loadModel(path)).resolves.toMatchObject({ step: 1 });
  });

  it("names an altered file, and the checksums", async () => {
    const path = await saveCheckpoint(run, 1, contents(7));
    const file = join(path, "model.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = 0;
    await writeFile(file, bytes);
    await expect(loadCheckpoint(path)).rejects.toThrow(CheckpointError);
    await expect(loadCheckpoint(path)).rejects.toThrow(
      new RegExp(`model.safetensors is altered: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}\\.`),
    );
  });

  it.each(["model.safetensors", "optimizer.safetensors", "state.json"])("names a missing %s", async (file) => {
    const path = await saveCheckpoint(run, 1, contents(7));
    await rm(join(path, file));
    await expect(loadCheckpoint(path)).rejects.toThrow(`${join(path, file)} does not exist`);
  });

  it("tells a later format from damage", async () => {
    const path = await saveCheckpoint(run, 1, contents(7));
    await writeFile(join(path, "state.json"), '{"format": 2}');
    await expect(loadCheckpoint(path)).rejects.toThrow("has format 2, but this version of the library reads format 1");
  });

  test.prop(
    [
      fc.constantFrom("model.safetensors", "optimizer.safetensors", "state.json"),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
    ],
    { numRuns: 150 },
  )("finds any altered byte, or it made no difference", async (file, position, flip) => {
    const path = join(run.checkpoints, "step-1");
    const original = await saveCheckpoint(run, 1, contents(7)).then(loadCheckpoint);
    const bytes = await readFile(join(path, file));
    const index = position % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ flip;
    await writeFile(join(path, file), bytes);
    const found: unknown = await loadCheckpoint(path).catch((error: unknown) => error);
    if (!(found instanceof CheckpointError)) expect(found).toEqual(original);
  });
});

describe("a full disk", () => {
  const full = (): Error => Object.assign(new Error("no space left on device, write"), { code: "ENOSPC" });
  const expectOnly = async (step: number, value: number): Promise<void> => {
    expect(await readdir(run.checkpoints)).toEqual([`step-${step}`]);
    const saved = await loadCheckpoint(join(run.checkpoints, `step-${step}`));
    expect(saved.model).toEqual(contents(value).model);
  };

  it.each([2, 3])("leaves the earlier checkpoint and no rest, when saving step %i fails after a file", async (step) => {
    await saveCheckpoint(run, 2, contents(7));
    let files = 0;
    const failing = saveCheckpoint(run, step, contents(8), {
      writer: async (path, tensors) => {
        if (++files === 2) {
          await writeFile(path, "half");
          throw full();
        }
        return writeSafetensors(
          path,
          [...tensors].map(([name, tensor]) => ({ name, ...tensor })),
        );
      },
    });
    await expect(failing).rejects.toThrow(CheckpointError);
    await expect(failing).rejects.toThrow(
      `The checkpoint of step ${step} could not be written to ${run.checkpoints}: the disk is full (ENOSPC). Earlier ` +
        `checkpoints are untouched; free some space or lower training.keepLast, then resume the run.`,
    );
    await expectOnly(2, 7);
  });

  it("is told from other failures", async () => {
    const failing = saveCheckpoint(run, 1, contents(8), { writer: () => Promise.reject(new TypeError("mistaken")) });
    await expect(failing).rejects.toThrow(TypeError);
    expect(await readdir(run.checkpoints)).toEqual([]);
  });

  it("is survived for real", async (context) => {
    const disk = await mountSmallDisk(folder, 256);
    if (disk === undefined) return context.skip("no small disk can be mounted here; that takes root");
    try {
      run.close();
      run = await createRun(disk.path);
      await saveCheckpoint(run, 1, contents(7));
      const large = { ...contents(8), optimizer: new Map([["large", floats(...new Array<number>(80_000).fill(1))]]) };
      await expect(saveCheckpoint(run, 2, large)).rejects.toThrow("the disk is full (ENOSPC)");
      await expectOnly(1, 7);
      await saveCheckpoint(run, 3, contents(9));
      expect((await listCheckpoints(run)).map(({ step }) => step)).toEqual([1, 3]);
    } finally {
      run.close();
      disk.unmount();
    }
  });
});

describe("a kill", () => {
  it("at any instant leaves only whole checkpoints, and at least one", async () => {
    run.close();
    const source = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
    const script = join(folder, "save.mjs");
    await writeFile(
      script,
      `import { createJiti } from ${JSON.stringify(import.meta.resolve("jiti"))};
       const jiti = createJiti(import.meta.url);
       const { RunDirectory } = await jiti.import(${source("../run/run-directory.ts")});
       const { saveCheckpoint } = await jiti.import(${source("./checkpoint.ts")});
       const run = await RunDirectory.open(${JSON.stringify(run.path)}, { write: true });
       const tensor = { dtype: "float32", shape: [50000], data: new Float32Array(50000).fill(1) };
       const tensors = new Map([["a", tensor]]);
       for (let step = 0; ; step++) {
         await saveCheckpoint(run, step % 3, { model: tensors, optimizer: tensors, state: { step } });
         process.stdout.write("saved\\n");
       }`,
    );
    for (let kill = 0; kill < 6; kill++) {
      const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, hash32(2014, kill) % 60));
      child.kill("SIGKILL");
      await ended;
      const reopened = await RunDirectory.open(run.path, { write: true });
      const places = await listCheckpoints(reopened);
      expect(places.length).toBeGreaterThan(0);
      for (const { path } of places) await loadCheckpoint(path);
      expect((await readdir(run.checkpoints)).filter((name) => name.startsWith("."))).toEqual([]);
      reopened.close();
    }
  });
});
