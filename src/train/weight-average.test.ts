/** Moving averages of the weights: what is kept, judged and used. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint, type TensorMap } from "./checkpoint/checkpoint.ts";
import type { RunInput } from "./config/config.ts";
import { toyPairs, ToyFolder } from "./fixtures/toy-run.ts";
import { openRun } from "./run/open-run.ts";
import { train, type TrainedRun } from "./train.ts";
import { Translator } from "./translator/translator.ts";

const VALIDATION = toyPairs(9, [1, 6], 2);
const DECAY = 0.3;
const STEPS = 8;
const plain = { steps: STEPS, checkpointEvery: { steps: 1 }, optimizer: { kind: "adam", learningRate: 0.1 } } satisfies RunInput["training"];
type Average = typeof plain & { readonly average?: { readonly decay: number } };
const averaged = { ...plain, average: { decay: DECAY } };

let folder: ToyFolder;
let run: TrainedRun;
beforeAll(async () => {
  folder = await ToyFolder.create();
  await folder.writePairs("train.tsv", toyPairs(37, [1, 6]));
  await folder.writePairs("validation.tsv", VALIDATION);
  run = await train(folder.config("averaged", averaged));
  await train(folder.config("plain", plain));
});
afterAll(() => folder.remove());

const checkpoint = (name: string, step: number) => loadCheckpoint(join(folder.path, name, "checkpoints", `step-${step}`));

function valuesOf(tensors: TensorMap, name: string): number[] {
  return Array.from(tensors.get(name)?.data ?? []);
}

/** Largest difference of two numbers in one place. */
function distance(one: readonly number[], other: readonly number[]): number {
  return Math.max(...one.map((value, at) => Math.abs(value - (other[at] ?? NaN))));
}

test("training goes on from the weights that it would have without an average", async () => {
  for (const step of [1, STEPS]) {
    const [one, other] = [await checkpoint("averaged", step), await checkpoint("plain", step)];
    for (const [name, { data }] of other.model) expect(one.optimizer.get(`raw.${name}`)?.data, name).toEqual(data);
    for (const [name, { data }] of other.optimizer) expect(one.optimizer.get(name)?.data, name).toEqual(data);
    expect(one.optimizer.size).toBe(other.optimizer.size + other.model.size);
  }
});

test("the model's file has a ← d a + (1 - d) w, d = min(decay, (1 + t) / (10 + t)), from the initial weights on", async () => {
  const { model } = await openRun(join(folder.path, "averaged"));
  for (const parameter of model.parameters()) {
    let expected = Array.from(parameter.initialize());
    for (let step = 0; step < STEPS; step++) {
      const { model: saved, optimizer } = await checkpoint("averaged", step + 1);
      const decay = Math.min(DECAY, (1 + step) / (10 + step));
      const raw = valuesOf(optimizer, `raw.${parameter.name}`);
      expected = expected.map((value, at) => decay * value + (1 - decay) * (raw[at] ?? NaN));
      expect(distance(valuesOf(saved, parameter.name), expected), parameter.name).toBeLessThan(1e-6);
    }
  }
});

test("validation judges what a translator opens: the average", async () => {
  const loss = async (name: string): Promise<number> => {
    const translator = await Translator.open(join(folder.path, name), { checkpoint: 5 });
    const scores = await translator.score(VALIDATION);
    await translator.dispose();
    return -scores.reduce((sum, { logProbability }) => sum + logProbability, 0) / scores.reduce((sum, { tokens }) => sum + tokens, 0);
  };
  const judged = async (name: string): Promise<number> => Number((await folder.log(name)).validations.find(({ step }) => step === 5)?.["validationLoss"]);
  for (const name of ["averaged", "plain"]) expect(await judged(name), name).toBeCloseTo(await loss(name), 4);
  expect(Math.abs(await judged("averaged") - await judged("plain"))).toBeGreaterThan(1e-3);
  expect(run.best?.step).toBeGreaterThan(0);
});

describe("a run that is resumed", () => {
  const resumed = async (name: string, first: Average, then: Average): Promise<void> => {
    await train(folder.config(name, { ...first, steps: 3 }));
    await train(folder.config(name, { ...then, steps: STEPS }), { resume: true });
  };

  test("without its average goes on from the weights behind it", async () => {
    await resumed("left", averaged, plain);
    const [left, never] = [await checkpoint("left", STEPS), await checkpoint("plain", STEPS)];
    expect(left.model).toEqual(never.model);
    expect(left.optimizer).toEqual(never.optimizer);
  });

  test("with an average that it had not begins it with its weights", async () => {
    await resumed("begun", plain, averaged);
    const before = await checkpoint("begun", 3);
    const { model, optimizer } = await checkpoint("begun", 4);
    const decay = Math.min(DECAY, 4 / 13);
    for (const [name, { data }] of model) {
      const [old, raw] = [valuesOf(before.model, name), valuesOf(optimizer, `raw.${name}`)];
      expect(distance(Array.from(data), old.map((value, at) => decay * value + (1 - decay) * (raw[at] ?? NaN))), name).toBeLessThan(1e-6);
    }
  });

  test("with another optimiser is refused by name", async () => {
    const config = folder.config("averaged", { ...averaged, steps: STEPS + 1, optimizer: { kind: "muon" } });
    await expect(train(config, { resume: true })).rejects.toThrow(/lacks the optimiser's "muon.velocity.*"; it was made with another optimiser/);
  });
});
