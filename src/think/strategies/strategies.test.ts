import { describe, expect, it } from "vitest";
import { ScriptedSampler, type Continuation } from "../fixtures/scripted-sampler.ts";
import { wordTask } from "../fixtures/word-task.ts";
import type { SampledPrompt, SampleOptions, SamplePrompt } from "../sampler/sampler.ts";
import { ThinkError } from "../think-error.ts";
import { think, type ThinkOptions } from "../think.ts";
import { parseBudget } from "./budget.ts";
import type { Reward } from "./reward.ts";

async function solve(script: (prompt: string, written: string) => readonly Continuation[], count: number, options: ThinkOptions) {
  const sampler = new ScriptedSampler(script);
  const thought = await think(wordTask, await wordTask.problems("test", { seed: 1, count }), sampler, options);
  return { ...thought, sampler };
}

/** Right with this probability, else one of two wrong answers. */
const chance = (p: number) => (): readonly Continuation[] => [["right", p], ["wrong", (1 - p) / 2], ["other", (1 - p) / 2]];

const rewardOf = (value: (text: string) => number): Reward => ({ name: "a reward", ofAttempt: async (_, text) => ({ value: value(text) }), ofSteps: undefined, flops: () => 0 });

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 0; i < k; i++) value *= (n - i) / (i + 1);
  return value;
}

describe("greedy", () => {
  it("takes the likeliest text once", async () => {
    const { report } = await solve(chance(0.4), 20, { strategy: "greedy" });
    expect(report).toMatchObject({ accuracy: 1, attempts: 20, tokens: 20 * 6, problems: 20 });
  });
});

describe("best of n", () => {
  it("solves a share of 1 − (1 − p)^n, with independent draws for each problem", async () => {
    const { report } = await solve(chance(0.2), 1000, { strategy: "best-of-n", settings: { samples: 4 } });
    const error = Math.sqrt((0.8 ** 4 * (1 - 0.8 ** 4)) / 1000);
    expect(Math.abs(report.accuracy - (1 - 0.8 ** 4))).toBeLessThan(4 * error);
    expect(report.interval[0]).toBeLessThan(1 - 0.8 ** 4);
    expect(report.interval[1]).toBeGreaterThan(1 - 0.8 ** 4);
  }, 20_000);

  it("chooses by a reward model in the verifier's place", async () => {
    const { report } = await solve(chance(0.3), 50, { strategy: "best-of-n", settings: { samples: 30 }, reward: rewardOf((text) => Number(text === "wrong")) });
    expect(report.accuracy).toBe(0);
  });
});

describe("votes", () => {
  it("of a majority are right as often as the binomial says", async () => {
    const two = (): readonly Continuation[] => [["right", 0.6], ["wrong", 0.4]];
    const { report } = await solve(two, 1000, { strategy: "majority-vote", settings: { samples: 5 } });
    let expected = 0;
    for (let k = 3; k <= 5; k++) expected += binomial(5, k) * 0.6 ** k * 0.4 ** (5 - k);
    expect(Math.abs(report.accuracy - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / 1000));
  }, 20_000);

  it("weighted by likelihood let few likely attempts win over many unlikely ones", async () => {
    const script = (): readonly Continuation[] => [["right", 0.36], ...Array.from({ length: 16 }, (_, at): Continuation => [`path${at}: wrong`, 0.04])];
    const options = { settings: { samples: 64 } };
    const [majority, weighted] = [await solve(script, 20, { strategy: "majority-vote", ...options }), await solve(script, 20, { strategy: "weighted-vote", ...options })];
    expect(majority.report.accuracy).toBe(0);
    // Per token: 0.36^(1/6) = 0.84 against 0.04^(1/13) = 0.78 do not make up for the numbers, 0.36 · 0.84 < 0.64 · 0.78.
    expect(weighted.report.accuracy).toBe(0);
    const near = (): readonly Continuation[] => [["right", 0.49], ...Array.from({ length: 17 }, (_, at): Continuation => [`x${at % 10}${at > 9 ? "x" : ""}:wrong`, 0.03])];
    expect((await solve(near, 20, { strategy: "weighted-vote", settings: { samples: 400 } })).report.accuracy).toBeGreaterThan(0.9);
  }, 20_000);

  it("weighted by rewards let a few good attempts win over many bad ones", async () => {
    const reward = rewardOf((text) => (text === "right" ? 0.9 : 0.1));
    const script = (): readonly Continuation[] => [["right", 0.2], ["wrong", 0.8]];
    const options = { settings: { samples: 200 } };
    expect((await solve(script, 20, { strategy: "weighted-vote", ...options })).report.accuracy).toBe(0);
    // 0.2 · 0.9 > 0.8 · 0.1
    expect((await solve(script, 20, { strategy: "weighted-vote", ...options, reward })).report.accuracy).toBe(1);
  }, 20_000);

  it("are not given to attempts without an answer", async () => {
    const script = (): readonly Continuation[] => [["", 0.8], ["right", 0.2]];
    const { report } = await solve(script, 100, { strategy: "majority-vote", settings: { samples: 40 } });
    expect(report.accuracy).toBeGreaterThan(0.98);
    expect(report.unparseable / report.attempts).toBeCloseTo(0.8, 1);
  });
});

describe("a budget", () => {
  it("in tokens is used for as many attempts as it pays for, and never exceeded", async () => {
    const { report, solved } = await solve(chance(0.1), 40, { strategy: "majority-vote", budget: { unit: "tokens", amount: 30 }, settings: { samples: 100, maxTokens: 6 } });
    expect(solved.every(({ usage, attempts }) => usage.written === 30 && attempts.length === 5)).toBe(true);
    expect(report.tokens).toBe(40 * 30);
  });

  it("in tokens pays in advance for the longest attempt, and what short ones leave pays for more", async () => {
    const { solved } = await solve(chance(0.1), 40, { strategy: "majority-vote", budget: { unit: "tokens", amount: 60 }, settings: { samples: 100, maxTokens: 12 } });
    for (const { usage, attempts } of solved) {
      expect(usage.written).toBeLessThanOrEqual(60);
      expect(usage.written).toBeGreaterThan(60 - 12);
      expect(attempts.length).toBe(usage.written / 6);
    }
  });

  it("in FLOPs counts a prompt once for the samples that are drawn together", async () => {
    const { solved } = await solve(chance(0.1), 5, { strategy: "majority-vote", budget: { unit: "flops", amount: 26 }, settings: { samples: 100, maxTokens: 6 } });
    expect(solved.map(({ usage }) => usage.flops)).toEqual(Array(5).fill(2 + 4 * 6));
  });

  it("in seconds ends when they are over", async () => {
    const { solved } = await solve(chance(0.1), 5, { strategy: "majority-vote", budget: { unit: "seconds", amount: 0.03 }, settings: { samples: 100, maxTokens: 6 } });
    expect(solved.map(({ usage }) => Math.round(1000 * usage.seconds))).toEqual(Array(5).fill(30));
  });

  it("that is too small for one attempt is refused in one sentence", async () => {
    await expect(solve(chance(0.1), 5, { strategy: "greedy", budget: { unit: "tokens", amount: 5 }, settings: { maxTokens: 6 } }))
      .rejects.toThrow(/^A budget of 5 tokens is too small for one attempt at words, which may take 6 tokens; give more, or allow shorter attempts\.$/);
  });

  it("is read with its unit", () => {
    expect(parseBudget("4096")).toEqual({ unit: "tokens", amount: 4096 });
    expect(parseBudget("2e9flops")).toEqual({ unit: "flops", amount: 2e9 });
    expect(parseBudget("1.5 seconds")).toEqual({ unit: "seconds", amount: 1.5 });
    for (const text of ["", "0", "-5", "5 apples", "tokens"]) expect(parseBudget(text)).toBeUndefined();
  });
});

describe("problems that are worked on at the same time", () => {
  it("share batches, whatever the strategy", async () => {
    const { sampler } = await solve(chance(0.3), 50, { strategy: "revision", settings: { samples: 3, criticismText: "\nno:" } });
    expect(sampler.batches[0]).toBe(50);
    expect(sampler.batches.length).toBeLessThanOrEqual(3);
  });

  it("share them too where their searches have different room left", async () => {
    // First steps of different lengths, which take different numbers of tokens from what is left to the second.
    const script = (prompt: string, written: string): readonly Continuation[] => (written === "" ? [[`${"a".repeat(1 + (Number(prompt.slice(0, -1)) % 7))}\nwrong`, 1]] : [["wrong", 1]]);
    for (const strategy of ["step-beam", "diverse-tree"] as const) {
      const { sampler } = await solve(script, 50, { strategy, settings: { samples: 1, beam: 2, width: 2, maxTokens: 20 } });
      expect(sampler.batches).toEqual([50, 50]);
    }
  });

  it("get the same draws in other company", async () => {
    const texts = async (atOnce: number) => (await solve(chance(0.3), 12, { strategy: "best-of-n", settings: { samples: 3 }, atOnce })).solved.map(({ attempts }) => attempts.map(({ text }) => text));
    expect(await texts(1)).toEqual(await texts(12));
  });
});

/** Of three ways to begin, the likeliest is wrong, which the step verifier sees; after the others one text in three is right. */
const steps = (_prompt: string, written: string): readonly Continuation[] => {
  if (written === "bad\n") return [["wrong", 1]];
  const ending: Continuation[] = [["right", 1 / 3], ["wrong", 2 / 3]];
  if (written === "one\n" || written === "two\n") return ending;
  return [["bad\nwrong", 0.8], ...["one", "two"].flatMap((first) => ending.map(([text, p]): Continuation => [`${first}\n${text}`, 0.1 * p]))];
};

describe("searches over steps", () => {
  const settings = { samples: 1000, maxTokens: 10, beam: 2, width: 2 };
  const budget = { unit: "tokens", amount: 200 } as const;

  it.each(["step-beam", "diverse-tree", "monte-carlo"] as const)("%s solves more than best of n for the same tokens, where steps can be told apart", async (strategy) => {
    const search = await solve(steps, 200, { strategy, settings, budget });
    const best = await solve(steps, 200, { strategy: "best-of-n", settings, budget });
    expect(search.report.interval[0]).toBeGreaterThan(best.report.interval[1]);
    expect(search.solved.every(({ usage }) => usage.written <= 200)).toBe(true);
  }, 20_000);

  it.each(["step-beam", "diverse-tree", "monte-carlo"] as const)("%s ends when an attempt is accepted", async (strategy) => {
    const { report } = await solve(() => [["right", 1]], 3, { strategy, settings });
    expect(report.accuracy).toBe(1);
    expect(report.tokens).toBeLessThanOrEqual(3 * 4 * 6);
  });

  it.each(["step-beam", "diverse-tree", "monte-carlo"] as const)("%s ends when the model always says the same wrong thing", async (strategy) => {
    const { report } = await solve(() => [["wrong", 1]], 3, { strategy, settings: { ...settings, samples: 8 } });
    expect(report.accuracy).toBe(0);
  });
});

describe("a reward model of steps", () => {
  it.each(["step-beam", "diverse-tree"] as const)("guides %s in the step verifier's place", async (strategy) => {
    // The likelier first step leads nowhere, which the step verifier does not see, but the reward does.
    const script = (_: string, written: string): readonly Continuation[] => (written === "" ? [["one\nwrong", 0.9], ["two\nright", 0.1]] : [[written === "two\n" ? "right" : "wrong", 1]]);
    const reward: Reward = { name: "a reward", flops: () => 0, ofAttempt: async () => ({ value: 0.5 }), ofSteps: async (_, [step]) => ({ value: step === "two" ? 0.9 : 0.1 }) };
    const options = { strategy, settings: { samples: 1, beam: 1, width: 40 } } as const;
    expect((await solve(script, 20, options)).report.accuracy).toBe(0);
    expect((await solve(script, 20, { ...options, reward })).report.accuracy).toBeGreaterThan(0.9);
  });
});

describe("a search that finds no way", () => {
  it.each(["step-beam", "diverse-tree"] as const)("ends, and has no answer: %s", async (strategy) => {
    const { report } = await solve(() => [["bad\nwrong", 1]], 2, { strategy, settings: { samples: 5 } });
    expect(report).toMatchObject({ accuracy: 0, unanswered: 2, attempts: 0 });
  });
});

describe("revision", () => {
  it("shows the model its last attempt with the criticism, and ends when one is accepted", async () => {
    const script = (_: string, written: string): readonly Continuation[] => (written === "wrong, not wrong:" ? [["right", 1]] : written === "" ? [["wrong", 1]] : [["lost", 1]]);
    const { report, solved } = await solve(script, 2, { strategy: "revision", settings: { samples: 5, criticismText: ", not {answer}:" } });
    expect(report.accuracy).toBe(1);
    expect(solved[0]?.attempts.map(({ text }) => text)).toEqual(["wrong", "right"]);
  });
});

describe("revision by the model's own criticism", () => {
  it("of a model that follows instructions sees what it said of its attempt, and ends when it finds nothing wrong", async () => {
    class Instructed extends ScriptedSampler {
      readonly followsInstructions = true;
    }
    const asked: string[] = [];
    const sampler = new Instructed((prompt) => {
      asked.push(prompt);
      if (prompt.includes("Check it step by step")) return [[prompt.includes("\nwrong\n") ? "It is not right.\nWRONG" : "Nothing.\nCORRECT", 1]];
      return [[prompt.includes("It is not right.") ? "right" : "wrong", 1]];
    });
    const { solved } = await think(wordTask, await wordTask.problems("test", { seed: 1, count: 1 }), sampler, { strategy: "revision", settings: { samples: 5, criticism: "own", maxTokens: 40 } });
    expect(solved[0]?.attempts.map(({ text }) => text)).toEqual(["wrong", "right"]);
    expect(solved[0]?.chosen.verdict.correct).toBe(true);
    expect(asked).toHaveLength(4);
    expect(asked[2]).toMatch(/^0\?\n\nAn earlier answer:\nwrong\n\nWhat was said of it:\nIt is not right\.\nWRONG\n\nAnswer anew\.$/);
  });

  it("of another goes by the likelihood of what it wrote, and takes the likeliest where none is likely enough", async () => {
    // Per token 0.5^(1/6) = 0.89 first, then 0.3^(1/6) = 0.82 and 0.7^(1/6) = 0.94 after it.
    const script = (_: string, written: string): readonly Continuation[] => (written === "" ? [["wrong", 0.5], ["other", 0.4]] : [["other", 0.3], ["right", 0.7]]);
    const tries = async (confidence: number) => (await solve(script, 200, { strategy: "revision", settings: { samples: 2, criticism: "own", confidence } })).report;
    expect(await tries(0.88)).toMatchObject({ accuracy: 0, attempts: 200 });
    const { accuracy, attempts } = await tries(0.9);
    expect(attempts).toBe(400);
    expect(Math.abs(accuracy - 0.7)).toBeLessThan(4 * Math.sqrt((0.7 * 0.3) / 200));
  });
});

describe("budget forcing", () => {
  it("writes something in place of the end, as often as the settings say", async () => {
    const script = (_: string, written: string): readonly Continuation[] => (written.endsWith("Wait") ? [[" better", 1]] : [["first", 1]]);
    const { solved } = await solve(script, 1, { strategy: "budget-forcing", settings: { wait: " Wait", waits: 2 } });
    expect(solved[0]?.chosen.text).toBe("first Wait better Wait better");
  });

  it("asks for the answer where a text is cut off before it", async () => {
    const script = (_: string, written: string): readonly Continuation[] => (written.endsWith("so: ") ? [["right", 1]] : [["        and so on without end", 1]]);
    const { solved } = await solve(script, 1, { strategy: "budget-forcing", settings: { maxTokens: 8, answerCue: "so: " } });
    expect(solved[0]?.chosen).toMatchObject({ text: "        so: right", verdict: { correct: true } });
  });
});

describe("a model that fails", () => {
  class Failing extends ScriptedSampler {
    override async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
      if (this.batches.length === 3) throw new ThinkError("The endpoint is gone.");
      return super.generate(prompts, options);
    }
  }

  it("leaves what was finished, and says why the rest is missing", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 20 });
    const { report, solved, stopped } = await think(wordTask, problems, new Failing(chance(1)), { strategy: "greedy", atOnce: 4 });
    expect([report.problems, solved.length]).toEqual([12, 12]);
    expect(stopped?.message).toBe("The endpoint is gone.");
  });

  it("is an error where nothing was finished", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 2 });
    const sampler = new Failing(chance(1));
    sampler.batches.push(1, 1, 1);
    await expect(think(wordTask, problems, sampler, { strategy: "greedy" })).rejects.toThrow("The endpoint is gone.");
  });
});
