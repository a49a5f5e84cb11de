import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint/checkpoint.ts";
import type { RunInput } from "./config/config.ts";
import { toyPairs, ToyFolder } from "./fixtures/toy-run.ts";
import { openRun } from "./run/open-run.ts";
import { parsePosition } from "./checkpoint/position.ts";
import { RunDirectory } from "./run/run-directory.ts";
import type { TrainEvent } from "./train-event.ts";
import { train } from "./train.ts";
import { TrainingError } from "./trainer.ts";
import { Translator } from "./translator/translator.ts";

const VALIDATION = toyPairs(9, [1, 6], 2);

let folder: ToyFolder;
beforeAll(async () => {
  folder = await ToyFolder.create();
  await folder.writePairs("train.tsv", toyPairs(37, [1, 6]));
  await folder.writePairs("validation.tsv", VALIDATION);
});
afterAll(() => folder.remove());

/** All parameters of a checkpoint, one after another. */
async function weights(run: string, step: number): Promise<number[]> {
  const { model } = await loadCheckpoint(join(folder.path, run, "checkpoints", `step-${step}`));
  return [...model].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { data }]) => Array.from(data));
}

/** The weights that a run begins with. */
async function firstWeights(run: string): Promise<number[]> {
  const { model } = await openRun(join(folder.path, run));
  return [...model.parameters()].sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((parameter) => Array.from(parameter.initialize()));
}

function difference(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, at) => value - (b[at] ?? NaN));
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
}

function largest(values: readonly number[]): number {
  return Math.max(...values.map(Math.abs));
}

/** A number of each record, under a name. */
function column(records: readonly Readonly<Record<string, unknown>>[], name: string): number[] {
  return records.map((record) => Number(record[name]));
}

describe("a step", () => {
  const descent = { steps: 1, batch: { sentences: 8 }, optimizer: { kind: "sgd", learningRate: 0.5 }, clipNorm: null } satisfies RunInput["training"];
  const trainEight = (name: string, training: Omit<NonNullable<RunInput["training"]>, "epochs" | "steps">) => (
    train(folder.config(name, { ...descent, ...training }, { data: "eight" })));
  let tokens = 0;

  beforeAll(async () => {
    const pairs = toyPairs(8, [1, 6], 3);
    tokens = pairs.reduce((sum, { target }) => sum + target.split(" ").length + 1, 0);
    await folder.writePairs("eight.tsv", pairs);
    await trainEight("whole", {});
  });

  test("over two batches of four is a step over a batch of the same eight", async () => {
    await trainEight("halves", { batch: { sentences: 4 }, accumulate: 2 });
    expect(largest(difference(await weights("halves", 1), await weights("whole", 1)))).toBeLessThan(1e-6);
    const [[halves], [whole]] = [(await folder.log("halves")).steps, (await folder.log("whole")).steps];
    expect(halves?.["loss"]).toBeCloseTo(Number(whole?.["loss"]), 6);
    expect(halves?.["gradientNorm"]).toBeCloseTo(Number(whole?.["gradientNorm"]), 6);
  });

  test("moves the weights by the learning rate times the gradient a token", async () => {
    const moved = norm(difference(await weights("whole", 1), await firstWeights("whole")));
    const [record] = (await folder.log("whole")).steps;
    expect(moved).toBeCloseTo(0.5 * Number(record?.["gradientNorm"]), 5);
    expect(record?.["learningRate"]).toBe(0.5);
  });

  test("divides by sentences where the configuration says so", async () => {
    await trainEight("sentences", { normalize: "sentences" });
    const start = await firstWeights("whole");
    const bySentences = difference(await weights("sentences", 1), start).map((value) => value * 8);
    const byTokens = difference(await weights("whole", 1), start).map((value) => value * tokens);
    expect(largest(difference(bySentences, byTokens))).toBeLessThan(1e-4);
    const [[sentences], [whole]] = [(await folder.log("sentences")).steps, (await folder.log("whole")).steps];
    expect(Number(sentences?.["gradientNorm"]) / Number(whole?.["gradientNorm"])).toBeCloseTo(tokens / 8, 4);
    expect(sentences?.["loss"]).toBe(whole?.["loss"]); // is always told by the token
  });

  test("is cut to the length of clipNorm, and keeps its direction", async () => {
    const [free] = (await folder.log("whole")).steps;
    const limit = Number(free?.["gradientNorm"]) / 4;
    await trainEight("clipped", { clipNorm: limit });
    const start = await firstWeights("whole");
    const [clipped, whole] = [difference(await weights("clipped", 1), start), difference(await weights("whole", 1), start)];
    expect(norm(clipped)).toBeCloseTo(0.5 * limit, 5);
    expect(largest(difference(clipped.map((value) => 4 * value), whole))).toBeLessThan(1e-5);
    expect((await folder.log("clipped")).steps[0]?.["gradientNorm"]).toBeCloseTo(Number(free?.["gradientNorm"]), 6); // told before clipping
    await trainEight("short-enough", { clipNorm: 8 * limit });
    expect(await weights("short-enough", 1)).toEqual(await weights("whole", 1));
  });
});

describe("validation", () => {
  const training = {
    steps: 150, patience: 4, optimizer: { kind: "adam", learningRate: 0.3 }, schedule: { kind: "plateau", factor: 0.5, patience: 2 }, keepLast: 1,
  } satisfies RunInput["training"];
  const events: TrainEvent[] = [];
  let run: Awaited<ReturnType<typeof train>>;
  let steps: Readonly<Record<string, unknown>>[] = [];
  let validations: Readonly<Record<string, unknown>>[] = [];

  beforeAll(async () => {
    run = await train(folder.config("judged", training), { onEvent: (event) => events.push(event) });
    ({ steps, validations } = await folder.log("judged"));
  });

  test("comes as often as was asked for, and tells nats a token and perplexity", () => {
    expect(column(validations, "step")).toEqual(Array.from({ length: Math.floor(run.step / 5) }, (_, at) => 5 * (at + 1)));
    for (const { validationLoss, validationPerplexity } of validations) expect(validationPerplexity).toBeCloseTo(Math.exp(Number(validationLoss)), 10);
  });

  test("marks the best checkpoint, which is kept when others go, and reports it", async () => {
    const losses = column(validations, "validationLoss");
    const best = losses.indexOf(Math.min(...losses));
    expect(run.best).toEqual({ step: 5 * (best + 1), loss: losses[best] });
    expect(JSON.parse(await readFile(join(run.directory, "checkpoints", "best.json"), "utf8"))).toEqual({ step: run.best?.step, score: { validationLoss: run.best?.loss } });
    const kept = (await readdir(join(run.directory, "checkpoints"))).filter((name) => name.startsWith("step-"));
    expect(new Set(kept)).toEqual(new Set([`step-${run.best?.step}`, `step-${run.step}`]));
  });

  test("is what the decoder's forced scoring makes of the same pairs", async () => {
    const translator = await Translator.open(run.directory);
    const scores = await translator.score(VALIDATION);
    const total = scores.reduce((sum, { logProbability }) => sum + logProbability, 0);
    const tokens = scores.reduce((sum, score) => sum + score.tokens, 0);
    expect(-total / tokens).toBeCloseTo(run.best?.loss ?? NaN, 4);
    await translator.dispose();
  });

  test("lowers the rate each time that two in a row did not improve, and stops training when four did not", () => {
    let [best, stale, reductions] = [Infinity, 0, 0];
    const expected = new Map<number, number>(); // steps from which a rate holds
    for (const [at, loss] of column(validations, "validationLoss").entries()) {
      stale = loss < best ? 0 : stale + 1;
      best = Math.min(best, loss);
      if (stale > 0 && stale % 2 === 0) reductions++;
      expected.set(5 * (at + 1), 0.3 * 0.5 ** reductions);
      expect(stale === 4).toBe(at === validations.length - 1 && run.reason === "no improvement");
    }
    expect(reductions).toBeGreaterThan(1);
    expect(run.reason).toBe("no improvement");
    for (const { step, learningRate } of steps) {
      const judged = Math.floor((Number(step) - 1) / 5) * 5;
      expect(learningRate, `step ${step}`).toBeCloseTo(expected.get(judged) ?? 0.3, 12);
    }
  });

  test("is told as an event, with whether it was the best so far", () => {
    const told = events.flatMap((event) => (event.kind === "validation" ? [event] : []));
    expect(told.map(({ step, loss }) => [step, loss])).toEqual(validations.map(({ step, validationLoss }) => [step, validationLoss]));
    let best = Infinity;
    for (const { loss, improved } of told) {
      expect(improved).toBe(loss < best);
      best = Math.min(best, loss);
    }
  });

  test("comes once more at the end, where the last step had none", async () => {
    await train(folder.config("odd", { steps: 7 }));
    expect(column((await folder.log("odd")).validations, "step")).toEqual([5, 7]);
  });
});

test("halving follows the passes over the data: five at the full rate, then half every half pass", async () => {
  await train(folder.config("halving", { epochs: 7.5, batch: { sentences: 10 }, optimizer: { kind: "sgd", learningRate: 0.7 }, schedule: { kind: "halving", after: 5, every: 0.5 } }));
  const { steps } = await folder.log("halving");
  const perEpoch = 4; // 37 pairs in tens
  expect(steps).toHaveLength(7.5 * perEpoch);
  const expected = steps.map((_, at) => {
    const halves = Math.floor(at / (perEpoch / 2)) - 10;
    return 0.7 / 2 ** Math.max(0, halves + 1);
  });
  expect(column(steps, "learningRate")).toEqual(expected);
});

describe("metrics.jsonl", () => {
  test("has a line a logged step, the last step's too", async () => {
    await train(folder.config("logged", { steps: 11, logEvery: 4 }));
    const { steps } = await folder.log("logged");
    expect(column(steps, "step")).toEqual([4, 8, 11]);
    for (const record of steps) {
      expect(Object.keys(record)).toEqual(["step", "epoch", "loss", "learningRate", "gradientNorm", "tokensPerSecond"]);
      for (const value of Object.values(record)) expect(Number(value)).toBeGreaterThan(0);
    }
    expect(steps[0]?.["epoch"]).toBeCloseTo(0.4, 12); // 4 of 10 batches
  });

  test("averages the loss over the steps since the last line, by the token", async () => {
    await folder.writePairs("even.tsv", toyPairs(12, [3, 3], 4));
    await train(folder.config("each", { steps: 6 }, { data: "even" }));
    await train(folder.config("by-three", { steps: 6, logEvery: 3 }, { data: "even" }));
    const losses = column((await folder.log("each")).steps, "loss");
    const mean = (from: number): number => losses.slice(from, from + 3).reduce((sum, loss) => sum + loss, 0) / 3;
    const averages = column((await folder.log("by-three")).steps, "loss");
    [mean(0), mean(3)].forEach((expected, at) => expect(averages[at]).toBeCloseTo(expected, 12));
  });
});

describe("a training that diverges", () => {
  /** ONNX Runtime, with the state that the training keeps in it. */
  function watched(): { engine: Engine; state: () => StateStore } {
    const engine = onnx({ threads: 1 });
    let state: StateStore | undefined;
    return {
      engine: { name: engine.name, createState: () => (state = engine.createState()), compile: (...given) => engine.compile(...given) },
      state: () => state ?? engine.createState(),
    };
  }

  /** What is said and kept where a step fails: the checkpoint of the step before, and in the engine the same weights. */
  async function expectStopped(run: string, { training, what }: { training: RunInput["training"]; what: string }): Promise<void> {
    const { engine, state } = watched();
    const error: unknown = await train(folder.config(run, training), { engine, resume: true }).catch((reason: unknown) => reason);
    if (!(error instanceof TrainingError)) throw new Error(`The training did not diverge: ${String(error)}`);
    expect(error.message).toMatch(new RegExp(`^Training diverged: at step \\d+ the ${what} is (NaN|Infinity)\\. The checkpoint of step \\d+ is kept; lower training\\.optimizer\\.learningRate`));
    const [failed = NaN, kept = NaN] = [...error.message.matchAll(/step (\d+)/g)].map(([, step]) => Number(step));
    expect(failed).toBe(kept + 1);
    const { model } = await loadCheckpoint(join(folder.path, run, "checkpoints", `step-${kept}`));
    expect(model.size).toBeGreaterThan(5);
    for (const [parameter, { data }] of model) {
      expect(data.every(Number.isFinite)).toBe(true);
      expect(state().read(parameter), parameter).toEqual(data);
    }
    expect(column((await folder.log(run)).steps, "step").every((step) => step <= kept)).toBe(true);
  }

  test("stops before the update where the loss is not finite", async () => {
    const training = { steps: 9, optimizer: { kind: "sgd", learningRate: 1e38 }, clipNorm: null, checkpointEvery: { steps: 1 }, validateEvery: { steps: 50 } } satisfies RunInput["training"];
    await expectStopped("infinite-loss", { training, what: "loss" });
  });

  test("stops before the update where the gradient alone is not finite", async () => {
    const training = (steps: number) => ({ steps, optimizer: { kind: "sgd", learningRate: 0.1 } } satisfies RunInput["training"]);
    await train(folder.config("infinite-gradient", training(1)));
    // Weights that give a loss of about 1e25, whose gradient has a square beyond float32.
    const run = await RunDirectory.open(join(folder.path, "infinite-gradient"), { write: true });
    const { model, optimizer, state } = await loadCheckpoint(join(run.checkpoints, "step-1"));
    const steep = new Map([...model].map(([name, tensor]) => (
      [name, name === "outputWeight" && tensor.data instanceof Float32Array ? { ...tensor, dtype: "float32" as const, data: tensor.data.map((value) => 1e25 * value) } : tensor] as const)));
    await saveCheckpoint(run, 2, { model: steep, optimizer, state: { ...state, position: { ...parsePosition(state), step: 2 } } });
    run.close();
    await expectStopped("infinite-gradient", { training: training(4), what: "gradient norm" });
  });

  test("never saves weights that the last update broke", async () => {
    const config = folder.config("broken", { steps: 1, optimizer: { kind: "sgd", learningRate: 3e38, momentum: 0 }, normalize: "sentences", clipNorm: null });
    const pull = train(config, { engine: watched().engine });
    await expect(pull).rejects.toThrow(/Training diverged: at step 1 the .* No checkpoint had been written yet/);
    expect((await readdir(join(folder.path, "broken", "checkpoints"))).filter((name) => name.startsWith("step-"))).toEqual([]);
  });
});

test("300 steps over batches of all lengths do not need more memory than 100", async () => {
  await folder.writePairs("long.tsv", toyPairs(400, [1, 40], 5));
  const training = { steps: 300, batch: { tokens: 600 }, validateEvery: { steps: 100 }, checkpointEvery: { steps: 100 }, keepLast: 1 };
  const resident = new Map<number, number>();
  await train(folder.config("memory", training, { data: "long", model: { hidden: 24 } }), { onEvent: (event) => {
    if (event.kind === "progress" && event.step % 100 === 0) resident.set(event.step, Math.round(process.memoryUsage().rss / 2 ** 20));
  } });
  const [early = 0, , late = Infinity] = [...resident.values()];
  console.log(`resident memory after 100, 200, 300 steps: ${[...resident.values()].join(", ")} MiB`);
  expect(late - early).toBeLessThan(40);
});
