/** A training that is interrupted and continued is the training that was not. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunConfig, RunInput } from "./config/config.ts";
import { toyPairs, ToyFolder } from "./fixtures/toy-run.ts";
import type { TrainEvent } from "./train-event.ts";
import { train, type TrainedRun } from "./train.ts";

let folder: ToyFolder;
beforeAll(async () => {
  folder = await ToyFolder.create();
  await folder.writePairs("train.tsv", toyPairs(37, [1, 5]));
  await folder.writePairs("validation.tsv", toyPairs(8, [1, 5], 2));
});
afterAll(() => folder.remove());

/** Trains until the event for which `stop` is true, then saves and stops. */
async function trainUntil(config: RunConfig, stop: (event: TrainEvent) => boolean, resume = false): Promise<TrainedRun> {
  const controller = new AbortController();
  return train(config, { resume, signal: controller.signal, onEvent: (event) => {
    if (stop(event)) controller.abort();
  } });
}

describe("continued at every checkpoint", () => {
  const training = {
    steps: 24, accumulate: 2, optimizer: { kind: "adam", learningRate: 0.4 }, schedule: { kind: "plateau", factor: 0.5 }, labelSmoothing: 0.1,
  } satisfies RunInput["training"];
  const model = { dropout: 0.3, bidirectional: true } as const;
  let lives = 0;

  beforeAll(async () => {
    await train(folder.config("undisturbed", training, { model }));
    const disturbed = folder.config("disturbed", training, { model });
    let last = await trainUntil(disturbed, ({ kind }) => kind === "checkpoint");
    for (lives = 1; last.reason === "interrupted" && lives < 50; lives++) {
      last = await trainUntil(disturbed, ({ kind }) => kind === "checkpoint", true);
    }
    expect(last.reason).toBe("finished");
  }, 60_000);

  test("it stopped at each of them, and the learning rate fell on the way", async () => {
    expect(lives).toBeGreaterThanOrEqual(8);
    const { steps } = await folder.log("undisturbed");
    expect(new Set(steps.map(({ learningRate }) => learningRate)).size).toBeGreaterThan(1);
  });

  test.each(["model.safetensors", "optimizer.safetensors"])("ends with the same bytes in %s", async (file) => {
    for (const step of [9, 15, 24]) {
      const [one, other] = await Promise.all(["undisturbed", "disturbed"].map((run) => readFile(folder.checkpoint(run, step, file))));
      expect(one?.length).toBeGreaterThan(1000);
      expect(one?.equals(other ?? Buffer.of()), `step ${step}`).toBe(true);
    }
  });

  test("has the same position, best checkpoint and metrics", async () => {
    const state = async (run: string): Promise<unknown> => JSON.parse(await readFile(folder.checkpoint(run, 24, "state.json"), "utf8"));
    expect(await state("disturbed")).toEqual(await state("undisturbed"));
    const best = (run: string) => readFile(join(folder.path, run, "checkpoints", "best.json"), "utf8");
    expect(await best("disturbed")).toBe(await best("undisturbed"));
    const metrics = async (run: string) => {
      const { steps, validations } = await folder.log(run);
      return { steps: steps.map((record) => ({ ...record, tokensPerSecond: 0 })), validations };
    };
    expect(await metrics("disturbed")).toEqual(await metrics("undisturbed"));
  });
});

describe("an aborted training", () => {
  const training = { steps: 12, optimizer: { kind: "sgd", learningRate: 0.5, momentum: 0.5 } } satisfies RunInput["training"];

  test("saves the step it has just taken, and says that it was interrupted", async () => {
    const run = await trainUntil(folder.config("aborted", training), (event) => event.kind === "progress" && event.step === 7);
    expect(run).toMatchObject({ reason: "interrupted", step: 7 });
    expect((await readFile(folder.checkpoint("aborted", 7))).length).toBeGreaterThan(1000);
    expect((await folder.log("aborted")).steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await train(folder.config("aborted", training), { resume: true })).toMatchObject({ reason: "finished", step: 12 });
  });

  test("before its first step leaves the weights it would have begun with", async () => {
    const run = await train(folder.config("unborn", training), { signal: AbortSignal.abort() });
    expect(run).toMatchObject({ reason: "interrupted", step: 0, best: undefined });
    await train(folder.config("unborn", training), { resume: true });
    await train(folder.config("born", training));
    const [one, other] = await Promise.all(["unborn", "born"].map((name) => readFile(folder.checkpoint(name, 12))));
    expect(one?.equals(other ?? Buffer.of())).toBe(true);
  });
});

describe("a training that is over", () => {
  test("does not go on when it is resumed", async () => {
    const config = folder.config("over", { steps: 4 });
    await train(config);
    const before = await readFile(folder.checkpoint("over", 4));
    expect(await train(config, { resume: true })).toMatchObject({ reason: "finished", step: 4 });
    expect((await readFile(folder.checkpoint("over", 4))).equals(before)).toBe(true);
  });

  test("goes on with more steps, as if it had had them from the start", async () => {
    const schedule = { kind: "constant", warmup: 3 } as const;
    await train(folder.config("longer", { steps: 4, schedule }));
    await train(folder.config("longer", { steps: 9, schedule }), { resume: true });
    await train(folder.config("long", { steps: 9, schedule }));
    const [one, other] = await Promise.all(["longer", "long"].map((name) => readFile(folder.checkpoint(name, 9))));
    expect(one?.equals(other ?? Buffer.of())).toBe(true);
  });

  test("for want of improvement stays so when it is resumed, unless it is given more patience", async () => {
    const training = (patience: number) => ({ steps: 60, patience, optimizer: { kind: "adam", learningRate: 1 } } satisfies RunInput["training"]);
    const run = await train(folder.config("stale", training(1)));
    expect(run.reason).toBe("no improvement");
    expect(run.step).toBeLessThan(60);
    const logged = (await folder.log("stale")).steps.length;
    expect(await train(folder.config("stale", training(1)), { resume: true })).toMatchObject({ reason: "no improvement", step: run.step, best: run.best });
    expect((await folder.log("stale")).steps).toHaveLength(logged);
    const patient = await train(folder.config("stale", training(2)), { resume: true });
    expect(patient.step).toBeGreaterThan(run.step);
  });
});
