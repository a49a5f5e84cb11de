import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveGrpo, type GrpoConfig, type GrpoInput } from "../../train/config-grpo.ts";
import { MetricsLog } from "../../train/metrics-log.ts";
import { openTextRun } from "../../train/open-text-run.ts";
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
