import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listCheckpoints } from "../../train/checkpoint/list.ts";
import { loadModel } from "../../train/checkpoint/checkpoint.ts";
import { resolveGrpo, type GrpoConfig, type GrpoInput } from "../../train/config/grpo.ts";
import { MetricsLog } from "../../train/run/metrics-log.ts";
import { openTextRun } from "../../train/run/open-text-run.ts";
import { letterTask } from "../fixtures/letter-task.ts";
import { untrainedRun } from "../fixtures/untrained-run.ts";
import { trainGrpo, type GrpoOptions } from "./train-grpo.ts";

let folder: string;
let from: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-grpo-"));
  from = await untrainedRun(folder, "untrained", "abcd>", { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 8 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function config(name: string, training: Omit<Partial<GrpoInput["training"]>, "kind">): GrpoConfig {
  return resolveGrpo({
    name, directory: folder, task: "letters", from,
    training: {
      kind: "grpo", steps: 40, problems: 4, samples: 16, batch: { sequences: 32 }, optimizer: { kind: "adamw", learningRate: 0.01 }, validationProblems: 4, keepLast: 100, ...training,
    },
    engine: { kind: "onnx", threads: 1 },
  });
}

const learn = (given: GrpoConfig, options: GrpoOptions = {}) => trainGrpo(given, { task: letterTask, ...options });

const log = (name: string) => MetricsLog.read(join(folder, name, "metrics.jsonl"));

test("a model that knows nothing learns what is rewarded, and says what it did on the way", async () => {
  const run = await learn(config("bandit", {}));
  expect(run).toMatchObject({ reason: "finished", step: 40, best: { accuracy: 1 } });
  const records = await log("bandit");
  const steps = records.filter((record) => "loss" in record);
  expect(records[0]).toEqual({ step: 0, validationAccuracy: 0 });
  expect(Object.keys(steps[0] ?? {}).sort()).toEqual([
    "clipFraction", "drawn", "entropy", "epoch", "gradientNorm", "learningRate", "length", "loss", "reward", "step", "tokensPerSecond", "withoutVariance",
  ]);
  expect(Number(steps.at(-1)?.["reward"])).toBeGreaterThan(Number(steps[0]?.["reward"]) + 0.5);
  expect(Number(steps.at(-1)?.["entropy"])).toBeLessThan(Number(steps[0]?.["entropy"]));
  expect((await openTextRun(run.directory)).step).toBe(run.best?.step);
});

test.each<[string, Omit<Partial<GrpoInput["training"]>, "kind">]>([
  ["one step a rollout", { steps: 9, validateEvery: { steps: 4 }, checkpointEvery: { steps: 3 } }],
  ["several steps a rollout, near to the beginning", {
    steps: 12, epochs: 2, minibatches: 2, kl: 0.1, temperature: 1.5, normalize: "samples", validateEvery: { steps: 8 }, checkpointEvery: { steps: 4 },
  }],
])("with %s, stopped in the middle and resumed, it ends as the same bytes", async (kind, training) => {
  const name = kind.slice(0, 3).trim();
  await learn(config(`${name}-undisturbed`, training));
  const stop = new AbortController();
  const disturbed = config(`${name}-disturbed`, training);
  const stopped = await learn(disturbed, { signal: stop.signal, onEvent: (event) => event.kind === "progress" && event.step === 5 && stop.abort() });
  expect(stopped).toMatchObject({ reason: "interrupted", step: training.epochs === 2 ? 8 : 5 }); // at the end of the rollout
  const last = (training.steps ?? NaN);
  expect(await learn(disturbed, { resume: true })).toMatchObject({ reason: "finished", step: last });
  for (const file of ["model.safetensors", "optimizer.safetensors"]) {
    const [one, other] = await Promise.all(["undisturbed", "disturbed"].map((each) => readFile(join(folder, `${name}-${each}`, "checkpoints", `step-${last}`, file))));
    expect(one?.equals(other ?? Buffer.of()), file).toBe(true);
  }
  const figures = async (run: string) => (await log(run)).map(({ tokensPerSecond: _, ...record }) => record);
  expect(await figures(`${name}-disturbed`)).toEqual(await figures(`${name}-undisturbed`));
});

test("the divergence from the beginning is nothing before the first step, and held down by its weight", async () => {
  const divergence = async (kl: number) => {
    await learn(config(`kl-${kl}`, { steps: 12, kl }));
    return (await log(`kl-${kl}`)).filter((record) => "loss" in record).map((record) => Number(record["kl"]));
  };
  const [loose, tight] = [await divergence(1e-3), await divergence(10)];
  expect(loose[0]).toBeCloseTo(0, 6);
  expect(loose.at(-1)).toBeGreaterThan(5 * (tight.at(-1) ?? NaN));
});

test("what stops being finite stops before the update, and is not saved", async () => {
  const broken = config("broken", { steps: 5, optimizer: { kind: "sgd", learningRate: 1e30 }, clipNorm: null, checkpointEvery: { steps: 1 } });
  await expect(learn(broken)).rejects.toThrow(/Training diverged: .*go on from there/);
  const { directory } = await openTextRun(join(folder, "broken"), { checkpoint: "initial" });
  for (const place of await listCheckpoints(directory)) {
    for (const { data } of (await loadModel(place.path)).model.values()) expect(data.every(Number.isFinite)).toBe(true);
  }
});

test("a run cannot begin with itself, go on as another kind, or learn from what is not there", async () => {
  await expect(learn({ ...config("untrained", {}) }, { overwrite: true })).rejects.toThrow("The run untrained cannot begin with itself; give it another name.");
  await untrainedRun(folder, "taken", "abcd>", { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 8 });
  await expect(learn(config("taken", {}), { resume: true })).rejects.toThrow(/taken learned from text, not from rewards/);
  await expect(learn({ ...config("astray", {}), from: join(folder, "nowhere") })).rejects.toThrow(/nowhere holds no run/);
});
