import type { Sampler } from "../sampler/sampler.ts";
import type { Reward } from "../strategies/reward.ts";
import { strategies, type StrategyName } from "../strategies/strategies.ts";
import type { Attempt, StrategySettings } from "../strategies/strategy.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { finishedByBoth, think, type SolvedProblem, type Thought } from "../think.ts";
import { asError, ThinkError } from "../think-error.ts";
import { reportOf, revisionReport, type CheckReport } from "./check-report.ts";
import { byProbability, type CheckedAnswer, type Doubts, type DoubtScore } from "./doubts.ts";
import { Probes, type ProbedAnswer, type StatesOfTexts } from "./probe.ts";
import { pTrue, type Brainstormed } from "./p-true.ts";
import { clusterAnswers, sameMeaning, semanticEntropy, weightedSemanticEntropy, type Compare, type EquivalenceRule } from "./semantic-entropy.ts";

export interface CheckOptions {
  /** Of each problem, beside the greedy answer. */
  readonly samples: number;
  readonly settings?: Partial<StrategySettings>;
  /** When two answers are one; by default when their meanings are equal by the task. */
  readonly compare?: Compare;
  readonly rule?: EquivalenceRule;
  /** A score that is a probability to be right, by which answers are flagged; self-consistency by default. */
  readonly flagBy?: DoubtScore;
  /** An answer is flagged where that is less; 0.5 by default. */
  readonly threshold?: number;
  /** Problems of the training split and what the model makes of texts, for probes on hidden states; without it there are none. */
  readonly probe?: { readonly states: StatesOfTexts; readonly problems: readonly Problem[] } | undefined;
  /** A reward model: what it says of the greedy answers, and for strategies of revision that ask it. */
  readonly reward?: Reward | undefined;
  /** How flagged answers are found anew; without it they are only flagged. */
  readonly revise?: { readonly strategy: StrategyName; readonly samples: number };
  readonly seed?: number;
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

type Solve = (what: string, strategy: StrategyName, problems: readonly Problem[], settings: Partial<StrategySettings>, seed: number) => Promise<Thought>;

export interface Checked {
  readonly report: CheckReport;
  readonly answers: readonly CheckedAnswer[];
  /** Why something is missing: problems, P(true) or the revision. */
  readonly stopped: Error | undefined;
}

/**
 * Flags greedy answers that are likely to be wrong, measures how well that goes, and revises them where that is wished. Where
 * the sampler fails, what is finished by then is told.
 *
 * @throws ThinkError where answers are to be flagged by a score that there is not; otherwise as `think` does
 */
export async function check(task: Task, problems: readonly Problem[], sampler: Sampler, options: CheckOptions): Promise<Checked> {
  const { samples, settings = {}, flagBy = "selfConsistency", threshold = 0.5, seed = 1, revise, reward, onProgress } = options;
  let stopped: Error | undefined;
  const solve: Solve = async (what, strategy, some, own, ownSeed) => {
    const thought = await think(task, some, sampler, {
      strategy, settings: { ...settings, ...own }, seed: ownSeed, ...(strategies[strategy].rewards !== "nothing" && { reward }),
      onSolved: (_, done) => onProgress?.(what, done, some.length),
    });
    stopped ??= thought.stopped;
    return thought;
  };
  /** For what the report can do without. */
  const unlessStopped = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (stopped !== undefined) return undefined;
    return work().catch((error: unknown) => {
      stopped = asError(error);
      return undefined;
    });
  };
  const answered = await solve("greedy", "greedy", problems, {}, seed);
  const [greedy, drawn] = finishedByBoth(answered, await solve("samples", "majority-vote", answered.solved.map(({ problem }) => problem), { samples }, seed));
  if (greedy.solved.length === 0) throw stopped ?? new ThinkError(`${task.name} has no problems here; ask for at least one.`);
  const brainstormed = greedy.solved.map(({ problem, chosen }, at): Brainstormed => ({ problem, greedy: chosen, samples: drawn.solved[at]?.attempts ?? [] }));
  const told = sampler.followsInstructions === true ? await unlessStopped(() => pTrue(task, brainstormed, sampler, { samples, seed })) : undefined;
  if (told === undefined && flagBy === "pTrue" && stopped !== undefined) throw stopped;
  const { probe, probed } = await probeAnswers(brainstormed, options, solve);
  const doubts = await Promise.all(brainstormed.map(async (answer, at): Promise<Doubts> => ({
    ...await doubtsOfSamples(answer, options), pTrue: told?.probabilities[at], probePrompt: probed?.[at]?.prompt, probeAnswer: probed?.[at]?.answer,
    reward: (await reward?.ofAttempt(answer.problem, answer.greedy.text))?.value,
  })));
  const answers = flag(brainstormed.map(({ problem, greedy: own }, at) => ({ problem, greedy: own, doubts: doubts[at] ?? fail() })), flagBy, threshold);
  const report: CheckReport = { ...reportOf(answers, flagBy, greedy.report.tokens + drawn.report.tokens + (told?.tokens ?? 0)), ...(probe && { probe }) };
  const flagged = answers.filter((answer) => answer.flagged);
  if (revise === undefined || flagged.length === 0) return { report, answers, stopped };
  // Draws of its own: the samples that raised the doubt must not decide it alone.
  const revised = await unlessStopped(() => solve(revise.strategy, revise.strategy, flagged.map(({ problem }) => problem), { samples: revise.samples }, (seed + 1) % 2 ** 32));
  if (revised === undefined || stopped !== undefined) return { report, answers, stopped };
  const all = withRevisions(answers, revised.solved);
  return { report: { ...report, revision: revisionReport(all, revise.strategy, revised.report.tokens) }, answers: all, stopped };
}

/** Of the answer and the samples beside it. */
async function doubtsOfSamples({ greedy, samples }: Brainstormed, { compare, rule }: CheckOptions): Promise<Omit<Doubts, "pTrue" | "probePrompt" | "probeAnswer" | "reward">> {
  const saying = ({ verdict: { meaning, answer } }: Attempt): string => (compare === undefined ? meaning : answer) ?? "";
  const clusters = await clusterAnswers([greedy, ...samples].map(saying), compare ?? sameMeaning, rule);
  const [own = 0, ...others] = clusters;
  const likelihoods = samples.flatMap(({ meanLogProbability }) => meanLogProbability ?? []);
  const { meanLogProbability, tokens } = greedy;
  return {
    semanticEntropy: semanticEntropy(others), meanLogProbability, logProbability: meanLogProbability && meanLogProbability * tokens,
    weightedSemanticEntropy: likelihoods.length < samples.length ? undefined : weightedSemanticEntropy(others, likelihoods),
    selfConsistency: others.filter((cluster) => cluster === own).length / others.length,
  };
}

/** What probes learned from, and what they say: nothing where there was nothing to tell apart in training. */
async function probeAnswers(
  answers: readonly Brainstormed[], { probe, seed = 1 }: CheckOptions, solve: Solve,
): Promise<{ readonly probe?: CheckReport["probe"]; readonly probed?: ProbedAnswer[] | undefined }> {
  if (probe === undefined) return {};
  const { solved, report: { problems, accuracy } } = await solve("probe", "greedy", probe.problems, {}, seed);
  const probes = await Probes.fit(probe.states, solved.map(({ problem, chosen }) => ({ problem, greedy: chosen })));
  return { probe: { problems, accuracy }, probed: await probes?.ofAnswers(answers) };
}

function flag(answers: readonly Omit<CheckedAnswer, "flagged">[], by: DoubtScore, threshold: number): CheckedAnswer[] {
  const probabilities = byProbability(answers, by);
  if (probabilities === undefined) throw new ThinkError(`Answers cannot be flagged by ${by}, which is not known of them or is no probability; flag them by selfConsistency, or give what ${by} needs.`);
  return answers.map((answer, at) => ({ ...answer, flagged: (probabilities[at]?.score ?? 0) < threshold }));
}

function withRevisions(answers: readonly CheckedAnswer[], revised: readonly SolvedProblem[]): CheckedAnswer[] {
  const byProblem = new Map(revised.map(({ problem, chosen }) => [problem, chosen]));
  return answers.map((answer) => {
    const chosen = byProblem.get(answer.problem);
    return chosen === undefined ? answer : { ...answer, revised: chosen };
  });
}

function fail(): never {
  throw new Error("Each answer has its doubts.");
}
