import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveRun, type RunConfig } from "../config/config.ts";
import { LockError } from "../../data/lock.ts";
import { RunDirectory, RunDirectoryError } from "./run-directory.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runs-"));
});
afterEach(() => rm(folder, { recursive: true }));

const config = (fields: object = {}): RunConfig =>
  resolveRun({
    name: "captions",
    directory: folder,
    data: { kind: "parallel", source: "a", target: "b" },
    tokenizer: { kind: "word" },
    model: { kind: "seq2seq-lstm" },
    ...fields,
  });

describe("RunDirectory.create", () => {
  it("makes the folder with its configuration, whose paths are documented", async () => {
    const run = await RunDirectory.create(config({ seed: 3 }));
    run.close();
    expect(run.path).toBe(join(folder, "captions"));
    expect((await readdir(run.path)).sort()).toEqual(["checkpoints", "config.json"]);
    expect(JSON.parse(await readFile(run.configFile, "utf8"))).toEqual(config({ seed: 3 }));
    expect([run.name, run.metricsFile, run.tokenizerFile(), run.tokenizerFile("source")]).toEqual([
      "captions",
      join(run.path, "metrics.jsonl"),
      join(run.path, "tokenizer.json"),
      join(run.path, "source-tokenizer.json"),
    ]);
  });

  it("does not touch a run that is there unless asked to", async () => {
    (await RunDirectory.create(config({ seed: 3 }))).close();
    const again = RunDirectory.create(config());
    await expect(again).rejects.toThrow(RunDirectoryError);
    await expect(again).rejects.toThrow(
      `${join(folder, "captions")} already holds a run; continue it with --resume, replace it with --overwrite, or choose another name.`,
    );
    await expect(RunDirectory.create(config(), { resume: true, overwrite: true })).rejects.toThrow("choose one");
  });

  it("resumes with the configuration that the run began with", async () => {
    (await RunDirectory.create(config({ seed: 3 }))).close();
    const run = await RunDirectory.create(config({ seed: 4 }), { resume: true });
    expect((await run.readConfig()).seed).toBe(3);
    run.close();
  });

  it("starts a run that is resumed before it began", async () => {
    const run = await RunDirectory.create(config({ seed: 4 }), { resume: true });
    expect((await run.readConfig()).seed).toBe(4);
    run.close();
  });

  it("overwrites what a run wrote and leaves other files", async () => {
    const old = await RunDirectory.create(config());
    old.close();
    await mkdir(join(old.checkpoints, "step-1"));
    await writeFile(old.metricsFile, '{"step":1}\n');
    await writeFile(join(old.path, "notes.txt"), "mine");
    const run = await RunDirectory.create(config({ seed: 4 }), { overwrite: true });
    await run.during(async () => undefined);
    expect((await readdir(run.path)).sort()).toEqual(["checkpoints", "config.json", "notes.txt"]);
    expect(await readdir(run.checkpoints)).toEqual([]);
    expect((await run.readConfig()).seed).toBe(4);
  });

  it("keeps a second writer out until the first has closed", async () => {
    const run = await RunDirectory.create(config());
    await expect(RunDirectory.create(config(), { resume: true })).rejects.toThrow(LockError);
    await expect(RunDirectory.create(config(), { overwrite: true })).rejects.toThrow(LockError);
    expect((await run.readConfig()).name).toBe("captions");
    run.close();
    (await RunDirectory.create(config(), { resume: true })).close();
  });
});

describe("a run's work that fails", () => {
  const failing = (run: RunDirectory, before: () => Promise<unknown> = async () => undefined): Promise<void> => (
    expect(run.during(async () => {
      await writeFile(run.tokenizerFile(), "{}");
      await writeFile(run.metricsFile, "");
      await before();
      throw new Error("It failed.");
    })).rejects.toThrow("It failed."));

  it("leaves nothing of a new run that had not begun, not even the folders above it", async () => {
    await failing(await RunDirectory.create(config({ directory: join(folder, "deep", "runs") })));
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves what else is in the folder, and a folder that was there", async () => {
    const run = await RunDirectory.create(config());
    await failing(run, () => writeFile(join(run.path, "notes.txt"), "mine"));
    expect(await readdir(run.path)).toEqual(["notes.txt"]);
    await failing(await RunDirectory.create(config(), { resume: true }));
    expect(await readdir(run.path)).toEqual(["notes.txt"]);
  });

  it("leaves a run that has logged or saved anything, or was there before, and gives its lock back", async () => {
    const logged = await RunDirectory.create(config({ name: "logged" }));
    await failing(logged, () => writeFile(logged.metricsFile, '{"step":1}\n'));
    const saved = await RunDirectory.create(config({ name: "saved" }));
    await failing(saved, () => mkdir(join(saved.checkpoints, "step-1")));
    (await RunDirectory.create(config({ name: "begun" }))).close();
    await failing(await RunDirectory.create(config({ name: "begun" }), { resume: true }));
    expect((await RunDirectory.list(folder)).map(({ name }) => name)).toEqual(["begun", "logged", "saved"]);
    for (const name of ["begun", "logged", "saved"]) (await RunDirectory.open(join(folder, name), { write: true })).close();
  });
});

describe("a run that is replaced", () => {
  /** A run that has logged and saved. */
  const trained = async (): Promise<RunDirectory> => {
    const run = await RunDirectory.create(config({ seed: 3 }));
    await mkdir(join(run.checkpoints, "step-1"));
    await writeFile(run.metricsFile, '{"step":1}\n');
    run.close();
    return run;
  };
  const requireOld = async (run: RunDirectory): Promise<void> => {
    expect((await readdir(run.path)).sort()).toEqual(["checkpoints", "config.json", "metrics.jsonl"]);
    expect(await readdir(run.checkpoints)).toEqual(["step-1"]);
    expect((await run.readConfig()).seed).toBe(3);
  };
  const replacing = (): Promise<RunDirectory> => RunDirectory.create(config({ seed: 4 }), { overwrite: true });

  it("comes back where the new one fails before it has logged or saved anything", async () => {
    const old = await trained();
    const run = await replacing();
    await expect(run.during(async () => {
      await writeFile(run.tokenizerFile(), "{}");
      throw new Error("It failed.");
    })).rejects.toThrow("It failed.");
    await requireOld(old);
  });

  it.each(["saves", "ends", "fails later"])("is gone once the new one %s", async (how) => {
    const old = await trained();
    const run = await replacing();
    await run.during(async () => {
      await writeFile(run.metricsFile, '{"step":7}\n');
      if (how === "saves") await run.dropReplaced();
      if (how === "fails later") throw new Error("It failed.");
    }).catch(() => undefined);
    expect((await readdir(old.path)).sort()).toEqual(["checkpoints", "config.json", "metrics.jsonl"]);
    expect(await readFile(old.metricsFile, "utf8")).toContain("7");
    expect((await old.readConfig()).seed).toBe(4);
  });

  it("comes back after a kill before that, however far it had been moved, and is dropped after one later", async () => {
    const old = await trained();
    (await replacing()).close();
    (await RunDirectory.open(old.path, { write: true })).close();
    await requireOld(old);
    await mkdir(join(old.path, "replaced.part"));
    for (const moved of ["checkpoints", "metrics.jsonl"]) await rename(join(old.path, moved), join(old.path, "replaced.part", moved));
    (await RunDirectory.create(config(), { resume: true })).close();
    await requireOld(old);
    const saving = await replacing();
    await mkdir(join(saving.checkpoints, ".partial-step-1-x"));
    saving.close();
    (await RunDirectory.open(old.path, { write: true })).close();
    await requireOld(old);
    const run = await replacing();
    await writeFile(run.metricsFile, '{"step":7}\n');
    run.close();
    (await RunDirectory.open(old.path, { write: true })).close();
    expect((await readdir(old.path)).sort()).toEqual(["checkpoints", "config.json", "metrics.jsonl"]);
    expect((await old.readConfig()).seed).toBe(4);
  });
});

describe("RunDirectory.open", () => {
  it("reads beside a writer", async () => {
    const writer = await RunDirectory.create(config());
    expect((await (await RunDirectory.open(writer.path)).readConfig()).name).toBe("captions");
    await expect(RunDirectory.open(writer.path, { write: true })).rejects.toThrow(LockError);
    writer.close();
  });

  it("cleans up after an interrupted writer only when it writes", async () => {
    const { path, checkpoints } = await RunDirectory.create(config()).then((run) => (run.close(), run));
    for (const name of [".partial-step-3-1-ab", ".replaced-step-1", ".replaced-step-2", "step-2"]) {
      await mkdir(join(checkpoints, name));
    }
    await RunDirectory.open(path);
    expect(await readdir(checkpoints)).toHaveLength(4);
    (await RunDirectory.open(path, { write: true })).close();
    expect((await readdir(checkpoints)).sort()).toEqual(["step-1", "step-2"]);
  });

  it("says that there is no run, or that its configuration is damaged", async () => {
    await expect(RunDirectory.open(folder)).rejects.toThrow(`${folder} holds no run: it has no config.json.`);
    await writeFile(join(folder, "config.json"), "{");
    const run = await RunDirectory.open(folder);
    await expect(run.readConfig()).rejects.toThrow(`${run.configFile} is not valid JSON`);
    await writeFile(join(folder, "config.json"), "{}");
    await expect(run.readConfig()).rejects.toThrow(`${run.configFile} has 4 problems`);
  });
});

describe("RunDirectory.list", () => {
  it("finds the runs in a folder and nothing else", async () => {
    (await RunDirectory.create(config({ name: "b" }))).close();
    (await RunDirectory.create(config({ name: "a" }))).close();
    await mkdir(join(folder, "empty"));
    await writeFile(join(folder, "file"), "");
    expect((await RunDirectory.list(folder)).map(({ name }) => name)).toEqual(["a", "b"]);
    await expect(RunDirectory.list(join(folder, "absent"))).rejects.toThrow(`There is no folder ${join(folder, "absent")}; give the folder that holds the runs`);
    await expect(RunDirectory.list(join(folder, "file"))).rejects.toThrow("is a file; give the folder that holds the runs");
  });
});
