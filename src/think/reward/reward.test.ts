/** A reward model is trained once for all of these, on right and wrong sums. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { characters } from "../../decode/language/fixtures/tiny-text-model.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { openTextModel } from "../../train/run/open-text-model.ts";
import { bitSums, BIT_SUM_CHARACTERS } from "../fixtures/bit-sums.ts";
import { ScriptedSampler } from "../fixtures/scripted-sampler.ts";
import { untrainedRun } from "../fixtures/untrained-run.ts";
import { wordTask } from "../fixtures/word-task.ts";
import type { Problem } from "../tasks/task.ts";
import { think } from "../think.ts";
import { aggregate } from "./aggregate.ts";
import { encodeAttempt, prefixesOf, type AttemptForm } from "./encoded-attempt.ts";
import { labelledAttempts, type LabelOptions } from "./labelled-attempt.ts";
import { ModelReward } from "./model-reward.ts";
import { openReward } from "./open-reward.ts";
import { openRewardRun, type OpenedReward } from "./reward-run.ts";
import { trainReward, type TrainedReward, type TrainRewardOptions } from "./train-reward.ts";

const MODEL = { kind: "gpt", layers: 1, dimension: 32, heads: 2, context: 16, positions: "rotary", rotaryBase: 100, feedForward: 64, activation: "relu" } as const;

let folder: string;
let trained: TrainedReward;
let opened: OpenedReward;

function optionsOf(output: string, changes: Partial<TrainRewardOptions> = {}): TrainRewardOptions {
  return {
    task: bitSums, run: join(folder, "bits"), output: join(folder, output), judges: "outcome", seed: 1, threads: 1,
    data: { checkpoint: "best", problems: 48, heldOut: 8, samples: 32, rollouts: 0, temperature: 1, maxTokens: 1 }, training: { epochs: 12, batch: 128, learningRate: 3e-3 }, ...changes,
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-reward-"));
  await untrainedRun(folder, "bits", BIT_SUM_CHARACTERS, MODEL);
  trained = await trainReward(optionsOf("reward"));
  opened = await openRewardRun(trained.directory, onnx({ threads: 1 }));
}, 240_000);

afterAll(async () => {
  await opened.scorer.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe("a reward model", () => {
  it("tells right sums from wrong ones of problems that it has not seen", () => {
    expect(trained.report?.attempts).toBe(8 * 32);
    expect(trained.report?.reward.last?.auroc).toBeGreaterThan(0.75);
    expect(trained.report?.reward.last?.ece).toBeLessThan(0.15);
  });

  it("keeps what it learned from, of three different splits", async () => {
    const lines = (await readFile(join(trained.directory, "attempts.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as { use: string; prompt: string });
    const prompts = ["train", "validation", "test"].map((use) => new Set(lines.filter((each) => each.use === use).map(({ prompt }) => prompt)));
    expect(prompts.map(({ size }) => size)).toEqual([48, 8, 8]);
    expect(new Set(prompts.flatMap((each) => [...each])).size).toBe(64);
  });

  it("chooses better than the model's likelihood does, and its cost is counted", async () => {
    const reward = await openReward(trained.directory, { task: bitSums, engine: onnx({ threads: 1 }) });
    const problems = await bitSums.problems("test", { seed: 1, count: 8 });
    const sampler = new ScriptedSampler(() => [..."0123456"].map((digit) => [digit, 1 / 7]));
    const { report } = await think(bitSums, problems, sampler, { strategy: "best-of-n", settings: { samples: 60, maxTokens: 2 }, reward });
    expect(report.accuracy).toBeGreaterThan(1 / 7);
    // Twelve characters of the prompt, a digit and the end; each of the seven digits is judged once for each problem.
    const drawn = problems.length * (12 + 60 * 2);
    expect((report.flops ?? NaN) - drawn).toBeCloseTo(problems.length * 7 * opened.scorer.flops(14), 0);
    await reward.dispose();
  });

  it("is not bought beyond a budget", async () => {
    const reward = await openReward(trained.directory, { task: bitSums, engine: onnx({ threads: 1 }) });
    const problems = await bitSums.problems("test", { seed: 1, count: 4 });
    const amount = 5.5 * opened.scorer.flops(14);
    const { solved } = await think(bitSums, problems, new ScriptedSampler(() => [..."0123456"].map((digit) => [digit, 1 / 7])), {
      strategy: "best-of-n", settings: { samples: 60, maxTokens: 2 }, budget: { unit: "flops", amount }, reward,
    });
    for (const { usage } of solved) {
      expect(usage.flops).toBeLessThanOrEqual(amount);
      expect(usage.flops).toBeGreaterThan(0);
    }
    await reward.dispose();
  });

  it("gives a text the same score in any batch", async () => {
    const alone = await opened.scorer.score("1+0+1+1+0+1=", "4", true);
    const together = await Promise.all(["4", "3", "42", ""].map((text) => opened.scorer.score("1+0+1+1+0+1=", text, true)));
    expect(together[0]?.scores.at(-1)).toBeCloseTo(alone.scores.at(-1) ?? NaN, 6);
    expect(together.map(({ scores }) => scores.length)).toEqual([2, 2, 3, 1]);
  });

  it("reads steps within an attempt as it does alone, and only once", async () => {
    const reward = new ModelReward("steps", opened.scorer, "process", "last");
    const problem: Problem<unknown> = { key: "0", prompt: "1+", data: undefined };
    const within = await opened.scorer.score("1+", "1+1=2", true);
    const alone = await opened.scorer.score("1+", "1+1=", false);
    within.scores.slice(0, 4).forEach((score, at) => expect(score).toBeCloseTo(alone.scores[at] ?? NaN, 6));
    expect((await reward.ofAttempt(problem, "12")).usage?.flops).toBe(opened.scorer.flops(5));
    expect((await reward.ofAttempt(problem, "12")).usage).toBeUndefined();
  });

  it("cannot be had where there is nothing to tell apart", async () => {
    const wrong = { ...bitSums, verify: () => false };
    await expect(trainReward(optionsOf("alike", { task: wrong, data: { ...optionsOf("").data, samples: 1 } }))).rejects.toThrow(/^All 48 attempts at training problems of bit-sums are wrong, so that there is nothing to tell apart/);
  });

  it("of steps needs steps, or roll-outs", async () => {
    await expect(trainReward(optionsOf("steps", { judges: "process" }))).rejects.toThrow(/^bit-sums has no steps of its own that could be judged; give --rollouts 8/);
  });

  it("goes on only with what it began with", async () => {
    await expect(trainReward(optionsOf("reward", { resume: true, seed: 2 }))).rejects.toThrow(/began with another task, run or way of drawing attempts/);
  });

  it("is refused for another task or tokenizer, and for what it has not", async () => {
    const open = (changes: object) => openReward(trained.directory, { task: bitSums, engine: onnx({ threads: 1 }), ...changes });
    await expect(open({ task: wordTask })).rejects.toThrow(/judges attempts at bit-sums, not at words/);
    await expect(open({ aggregate: "min" })).rejects.toThrow(/judges whole attempts, which have no scores of steps to take the min of/);
    await expect(openTextModel(trained.directory)).rejects.toThrow(/reward is a reward model, which judges attempts and writes none; use it with decade think --reward\.$/);
    await expect(openReward(join(folder, "bits"), { task: bitSums, engine: onnx({ threads: 1 }) })).rejects.toThrow(/bits is no reward model; train one with decade think reward/);
  });

  it("of whole attempts guides no search over steps, and none is asked by who asks nobody", async () => {
    const reward = new ModelReward("the reward model in x", opened.scorer, "outcome", "last");
    const problems = await bitSums.problems("test", { seed: 1, count: 1 });
    const sampler = new ScriptedSampler(() => [["1", 1]]);
    await expect(think(bitSums, problems, sampler, { strategy: "step-beam", reward })).rejects.toThrow(/^step-beam goes by the value of steps, but the reward model in x judges whole attempts alone/);
    await expect(think(bitSums, problems, sampler, { strategy: "greedy", reward })).rejects.toThrow(/^greedy asks nobody how good an attempt is/);
  });
});

describe("scores of steps", () => {
  it("make one by the least, the product or the last", () => {
    expect((["min", "product", "last"] as const).map((how) => aggregate([0.5, 0.25, 0.8], how))).toEqual([0.25, 0.1, 0.8]);
    expect(() => aggregate([], "min")).toThrow(/without a step/);
  });
});

const form = (separator: string | undefined, context?: number): AttemptForm => ({ tokenizer: characters("abc\n"), ends: [0], context, separator });

describe("an attempt in tokens", () => {
  it("ends a step with each separator, and itself with the token that ends texts", () => {
    // a = 1, b = 2, c = 3, a new line 4, the end 0.
    const { tokens, ends } = encodeAttempt(form("\n"), "c", "ab\nc\na", true);
    expect([...tokens]).toEqual([3, 1, 2, 4, 3, 4, 1, 0]);
    expect(ends).toEqual([3, 5, 7]);
    expect(encodeAttempt(form(undefined), "c", "ab", true).ends).toEqual([1, 2, 3]);
  });

  it("is cut where the model looks no further", () => {
    const { tokens, ends } = encodeAttempt(form("\n", 4), "c", "ab\nc\na", true);
    expect([[...tokens], ends]).toEqual([[3, 1, 2, 4], [3, 3, 3]]);
  });

  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 12 });

  it.prop([text, fc.constantFrom("\n", undefined)])("has an end for each of its beginnings, which read the same alone", (written, separator) => {
    const whole = encodeAttempt(form(separator), "c", written, true);
    const prefixes = prefixesOf(form(separator), written);
    expect(prefixes).toHaveLength(whole.ends.length);
    expect(prefixes.at(-1)).toBe(written);
    if (separator === undefined) return;
    prefixes.slice(0, -1).forEach((prefix, at) => {
      const part = encodeAttempt(form(separator), "c", prefix, false);
      expect([...whole.tokens.subarray(0, (whole.ends[at] ?? 0) + 1)]).toEqual([...part.tokens]);
      expect(part.ends).toEqual(whole.ends.slice(0, at + 1));
    });
  });
});

describe("labels", () => {
  const labels = async (script: ConstructorParameters<typeof ScriptedSampler>[0], options: Partial<LabelOptions>) => labelledAttempts(
    wordTask, await wordTask.problems("train", { seed: 1, count: 3 }), new ScriptedSampler(script), { tokenizer: characters(""), separator: "\n", context: undefined },
    { kind: "process", samples: 40, rollouts: 0, settings: { maxTokens: 30 }, seed: 1, ...options },
  );

  it("of outcomes say whether the whole is right", async () => {
    for (const { text, labels: own } of await labels(() => [["a\nright", 0.5], ["wrong", 0.5]], { kind: "outcome" })) expect(own).toEqual([Number(text.endsWith("right"))]);
  });

  it("of steps stay down once one was wrong", async () => {
    const [first] = await labels(() => [["one\nbad\ntwo\nright", 1]], { samples: 1 });
    expect(first?.labels).toEqual([1, 0, 0, 1]);
  });

  it("by roll-outs are the whole's own where nothing can follow for want of room", async () => {
    const asked = new Set<string>();
    const sampler = new ScriptedSampler((_, written) => {
      asked.add(written);
      return written === "" ? [["right", 0.5], ["wrong", 0.5]] : [["", 1]];
    });
    const found = await labelledAttempts(wordTask, await wordTask.problems("train", { seed: 1, count: 3 }), sampler, { tokenizer: characters("012?rightwon"), separator: undefined, context: 4 },
      { kind: "process", samples: 8, rollouts: 2, settings: { maxTokens: 9 }, seed: 2 ** 32 - 1 });
    expect([...asked].every((written) => written.length <= 1)).toBe(true);
    for (const { correct, labels: [first, ...others] } of found) {
      expect(first).toBe(0);
      expect(new Set(others)).toEqual(new Set([Number(correct)]));
    }
  });

  it("by roll-outs are the share of continuations that end right", async () => {
    // After "good" one text in two is right, after "poor" none.
    const attempts = await labels((_, written) => {
      if (written === "good\n") return [["right", 0.5], ["wrong", 0.5]];
      if (written === "poor\n") return [["wrong", 1]];
      return [["good\nright", 0.25], ["good\nwrong", 0.25], ["poor\nwrong", 0.5]];
    }, { rollouts: 400 });
    for (const { text, correct, labels: [step, whole] } of attempts) {
      expect(whole).toBe(Number(correct));
      if (text.startsWith("poor")) expect(step).toBe(0);
      else expect(Math.abs((step ?? NaN) - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 400));
    }
  });
});
