import { describe, expect, it } from "vitest";
import { ScriptedSampler, type Continuation } from "../fixtures/scripted-sampler.ts";
import { wordTask } from "../fixtures/word-task.ts";
import { checkSeed } from "../../metrics/counter-random.ts";
import type { SampledPrompt, SampleOptions, SamplePrompt } from "../sampler/sampler.ts";
import type { Reward } from "../strategies/reward.ts";
import { check, type CheckOptions } from "./check.ts";
import { reliabilityChart, riskCoverageChart, type ScoreNames } from "./doubt-charts.ts";
import { doubtScores } from "./doubts.ts";

type Script = (prompt: string, written: string) => readonly Continuation[];

class Instructed extends ScriptedSampler {
  readonly followsInstructions = true;
}

/** Tells no log-probabilities, as many endpoints do not. */
class Silent extends Instructed {
  override async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    const sampled = await super.generate(prompts, options);
    return sampled.map(({ samples, usage }) => ({ usage, samples: samples.map((sample) => ({ ...sample, logProbabilities: undefined })) }));
  }
}

/** Takes seeds as generators do. */
class Seeded extends Instructed {
  override async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    checkSeed(options.seed);
    return super.generate(prompts, options);
  }
}

const numberOf = (prompt: string): number => Number(/(\d+)\?/.exec(prompt)?.[1]);

async function checked(sampler: ScriptedSampler, count: number, options: Partial<CheckOptions> = {}) {
  return check(wordTask, await wordTask.problems("test", { seed: 1, count }), sampler, { samples: 20, ...options });
}

/** Right for even problems, wrong for odd ones. */
const even: Script = (prompt) => [[numberOf(prompt) % 2 === 0 ? "right" : "wrong", 0.6], ["other", 0.4]];

describe("P(true)", () => {
  const asking = (letters: (isRight: boolean) => readonly Continuation[]): Script => (prompt, written) => (
    prompt.includes("Is the proposed answer true?") ? letters(prompt.includes("Proposed answer: right")) : even(prompt, written));

  it("is the probability of the letter that the model replies with", async () => {
    // A token of a scripted text has the root of its probability: of the letter and of the end.
    const { report, answers } = await checked(new Instructed(asking((isRight) => (isRight ? [["A", 0.81], ["B", 0.19]] : [["A", 0.36], ["B", 0.64]]))), 4);
    answers.forEach(({ doubts: { pTrue } }, at) => expect(pTrue).toBeCloseTo(at % 2 === 0 ? 0.9 : 1 - 0.8, 12));
    expect(report.scores.pTrue.auroc).toBe(1);
    expect(report.scores.pTrue.ece).toBeCloseTo(0.15, 12); // 0.1 and 0.2
  });

  it("is the share of replies where the model gives no probabilities, and one half where it replies with something else", async () => {
    const { answers } = await checked(new Silent(asking((isRight) => (isRight ? [["A)", 0.75], ["B)", 0.25]] : [["Well", 1]]))), 2, { samples: 400 });
    expect(Math.abs((answers[0]?.doubts.pTrue ?? NaN) - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / 400));
    expect(answers[1]?.doubts.pTrue).toBe(0.5);
  });

  it("is not asked of a model that does not follow instructions", async () => {
    const { report, answers } = await checked(new ScriptedSampler(even), 2);
    expect(answers[0]?.doubts.pTrue).toBeUndefined();
    expect(report.scores.pTrue).toEqual({ auroc: null, ece: null });
  });
});

describe("probes", () => {
  /** The answer's end gives it away, the prompt's does not. */
  const states = { ofTexts: async (texts: readonly string[]) => texts.map((text) => Float32Array.of(text.length % 3, text.endsWith("right") ? 1 : 0)) };

  it("learn from training problems what the hidden states tell", async () => {
    const { report, answers } = await checked(new ScriptedSampler(even), 30, { probe: { states, problems: await wordTask.problems("train", { seed: 1, count: 40 }) } });
    expect(report.probe).toEqual({ problems: 40, accuracy: 0.5 });
    expect(report.scores.probeAnswer.auroc).toBe(1);
    expect(report.scores.probePrompt.auroc).toBeLessThan(0.7);
    for (const { doubts: { probeAnswer = NaN }, greedy } of answers) expect(probeAnswer > 0.5).toBe(greedy.verdict.correct);
  });

  it("do not exist where all training answers are right", async () => {
    const { report } = await checked(new ScriptedSampler((prompt) => [[numberOf(prompt) < 100 ? "right" : "wrong", 1]]), 4, { probe: { states, problems: await wordTask.problems("train", { seed: 1, count: 10 }) } });
    expect(report.probe).toEqual({ problems: 10, accuracy: 1 });
    expect(report.scores.probeAnswer).toEqual({ auroc: null, ece: null });
    expect(report.undefinedBecause).toMatch(/^all greedy answers are right/);
  });
});

describe("a revision", () => {
  /** The likeliest text says one thing, the others together another, with different texts. */
  const against = (likeliest: string, others: string): Continuation[] => [[likeliest, 0.3], ...Array.from({ length: 7 }, (_, at): Continuation => [`${at}:${others}`, 0.1])];
  /** Of ten problems six are corrected by a vote, two broken, and two sure. */
  const script: Script = (prompt) => (numberOf(prompt) < 6 ? against("wrong", "right") : numberOf(prompt) < 8 ? against("right", "wrong") : [["right", 1]]);

  it("and P(true) draw from another seed, also after the greatest", async () => {
    const { report, stopped } = await checked(new Seeded(script), 10, { seed: 2 ** 32 - 1, revise: { strategy: "majority-vote", samples: 20 } });
    expect(stopped).toBeUndefined();
    expect(report.revision?.strategy).toBe("majority-vote");
  });

  it("by a vote over fresh samples reports what it corrected and what it broke", async () => {
    const { report } = await checked(new ScriptedSampler(script), 10, { samples: 100, revise: { strategy: "majority-vote", samples: 200 } });
    expect(report).toMatchObject({ accuracy: 0.4, flagged: 8, flaggedWrong: 6 });
    expect(report.revision).toMatchObject({ corrected: 6, broken: 2 });
    expect(report.revision?.accuracy).toBeCloseTo(0.8, 12);
  });

  it("goes by a reward model where there is one, which may flag answers too", async () => {
    const reward: Reward = { name: "a reward", flops: () => 0, ofSteps: undefined, ofAttempt: async (_, text) => ({ value: text.endsWith("right") ? 0.95 : 0.05 }) };
    const { report, answers } = await checked(new ScriptedSampler(script), 10, { samples: 20, reward, flagBy: "reward", revise: { strategy: "weighted-vote", samples: 200 } });
    expect(report).toMatchObject({ flagged: 6, flaggedWrong: 6, flaggedBy: "reward" });
    expect(report.revision).toMatchObject({ corrected: 6, broken: 0, accuracy: 1 });
    expect(report.scores.reward.auroc).toBe(1);
    expect(answers.map(({ revised }) => revised?.verdict.correct)).toEqual([...Array<boolean>(6).fill(true), ...Array<undefined>(4).fill(undefined)]);
  });

  it("cannot be of answers flagged by what is not known", async () => {
    await expect(checked(new ScriptedSampler(even), 2, { flagBy: "probeAnswer" })).rejects.toThrow(/^Answers cannot be flagged by probeAnswer/);
    await expect(checked(new ScriptedSampler(even), 2, { flagBy: "semanticEntropy" })).rejects.toThrow(/^Answers cannot be flagged by semanticEntropy/);
  });
});

describe("pictures of doubts", () => {
  const names = Object.fromEntries(doubtScores.map((score) => [score, score])) as ScoreNames;
  const pointsOf = (chart: object): { group: string; x: number; y: number }[] => (chart as { data: { values: { group: string; x: number; y: number }[] } }).data.values;

  it("have the reliability bins, and the risk of the surest", async () => {
    const { report, answers } = await checked(new ScriptedSampler(even), 10, { samples: 50 });
    const bins = pointsOf(reliabilityChart(answers, names)).filter(({ group }) => group === "selfConsistency");
    expect(bins.map(({ x, y }) => [x, y])).toEqual(report.reliability.map(({ confidence, accuracy }) => [confidence, accuracy]));
    const risks = pointsOf(riskCoverageChart(answers, names)).filter(({ group }) => group === "selfConsistency");
    expect(risks.map(({ x, y }) => [x, y])).toEqual(report.riskCoverage.map(({ coverage, risk }) => [coverage, risk]));
  });
});
