import { wilsonInterval } from "../metrics/wilson.ts";
import type { Sampler, Usage } from "./sampler/sampler.ts";
import { SharedSampler } from "./sampler/shared-sampler.ts";
import { Account, formatBudget, type Budget, type Prices } from "./strategies/budget.ts";
import { ProblemWorkplace } from "./strategies/problem-workplace.ts";
import type { Reward } from "./strategies/reward.ts";
import { strategies, type StrategyName } from "./strategies/strategies.ts";
import type { Attempt, Outcome, Strategy, StrategySettings } from "./strategies/strategy.ts";
import type { Problem, Task } from "./tasks/task.ts";
import { asError, ThinkError } from "./think-error.ts";
import { Verifier, type VerifierFailures } from "./verify/verdict.ts";

export interface ThinkOptions {
  readonly strategy: StrategyName | Strategy;
  /** Of each problem; without it, a strategy goes by its settings alone. */
  readonly budget?: Budget | undefined;
  readonly settings?: Partial<StrategySettings>;
  /** In place of the verifier, where a strategy asks how good an attempt is, or its steps. */
  readonly reward?: Reward | undefined;
  /** Of the draws; 1 by default. */
  readonly seed?: number;
  /** Of one call of the verifier, milliseconds; 1,000 by default. */
  readonly verifierTimeLimit?: number;
  /** Problems that are worked on at the same time; by default the sampler's `concurrency`, or 256. */
  readonly atOnce?: number;
  readonly signal?: AbortSignal;
  /** Told of each problem when it is finished. */
  readonly onSolved?: (solved: SolvedProblem, done: number) => void | Promise<void>;
}

export interface SolvedProblem {
  readonly problem: Problem;
  /** What is given as the answer. */
  readonly chosen: Attempt;
  readonly attempts: readonly Attempt[];
  readonly usage: Usage;
}

export interface ThinkReport {
  /** Share of problems that are answered rightly. */
  readonly accuracy: number;
  /** Its 95% interval (Wilson 1927). */
  readonly interval: readonly [number, number];
  readonly problems: number;
  /** Written by the model, in all. */
  readonly tokens: number;
  /** Of prompts and partial solutions, each read once for all its samples. */
  readonly tokensRead: number;
  /** Of the model in all; `null` where its size is not known. */
  readonly flops: number | null;
  readonly seconds: number;
  /** Finished, in all. */
  readonly attempts: number;
  /** Attempts in which no answer could be read. */
  readonly unparseable: number;
  /** Problems without an answer that could be read. */
  readonly unanswered: number;
  readonly verifier: { readonly thrown: number; readonly late: number };
}

export interface Thought {
  readonly report: ThinkReport;
  /** Finished, in the order of the problems. */
  readonly solved: readonly SolvedProblem[];
  readonly failures: VerifierFailures;
  /** Why not all problems were finished. */
  readonly stopped: Error | undefined;
}

export const DEFAULT_SETTINGS = {
  samples: 16, temperature: 1, beam: 4, width: 4, wait: "\nWait", waits: 2, answerCue: "\nThe answer is ", criticism: "verifier", criticismText: "\nThat is wrong. Another try:\n", confidence: 0.9,
} as const;

/** Problems that share batches. */
const AT_ONCE = 256;

/**
 * Solves problems with a strategy, many at the same time. Where the sampler fails, the others stop too, and what is finished
 * by then is kept.
 *
 *     const task = openTask("addition");
 *     const problems = await task.problems("test", { seed: 1, count: 100 });
 *     const { report } = await think(task, problems, sampler, { strategy: "majority-vote", settings: { samples: 8 } });
 *
 * @throws ThinkError where the strategy has no use for the reward, the budget is too small for one attempt at some problem,
 *   or nothing could be finished
 */
export async function think(task: Task, problems: readonly Problem[], sampler: Sampler, options: ThinkOptions): Promise<Thought> {
  const strategy = typeof options.strategy === "string" ? strategies[options.strategy] : options.strategy;
  const settings: StrategySettings = { ...DEFAULT_SETTINGS, maxTokens: task.length + 1, ...options.settings };
  const verifier = new Verifier(task, { ...(options.verifierTimeLimit !== undefined && { timeLimit: options.verifierTimeLimit }) });
  const shared = new SharedSampler(sampler);
  const solved: (SolvedProblem | undefined)[] = [];
  let stopped: Error | undefined;
  let done = 0;
  requireUseful(options, strategy);
  const prices = pricesOf(sampler, options.reward);
  const failure = new AbortController();
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  requireAffordable(task, problems, sampler, settings, options.budget, prices);

  const waiting = problems.entries();
  const workThrough = async (): Promise<void> => {
    for (const [place, problem] of waiting) {
      if (stopped !== undefined) return;
      try {
        const account = new Account(options.budget, prices);
        const outcome = await shared.work((draw) => strategy.solve(new ProblemWorkplace(
          { task, problem, place, settings, account, verifier, reward: options.reward, seed: options.seed ?? 1, signal }, sampler, draw)));
        const own = finished(problem, outcome, account);
        solved[place] = own;
        await options.onSolved?.(own, ++done);
      } catch (error) {
        stopped ??= asError(error);
        failure.abort(stopped);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce ?? sampler.concurrency ?? AT_ONCE, problems.length) }, workThrough));
  const kept = solved.filter((each) => each !== undefined);
  if (kept.length === 0) throw stopped ?? new ThinkError(`${task.name} has no problems here; ask for at least one.`);
  return { report: reportOf(kept, verifier.failures), solved: kept, failures: verifier.failures, stopped };
}

/** Of two thoughts about the same problems what they say of those that both have finished, in one order. */
export function finishedByBoth(one: Thought, other: Thought): [Thought, Thought] {
  const restrict = (thought: Thought, { solved: known }: Thought): Thought => {
    const problems = new Set(known.map(({ problem }) => problem));
    const solved = thought.solved.filter(({ problem }) => problems.has(problem));
    return { ...thought, solved, report: reportOf(solved, thought.failures) };
  };
  return [restrict(one, other), restrict(other, one)];
}

const NOTHING: Attempt = { text: "", verdict: { answer: undefined, meaning: undefined, correct: false }, meanLogProbability: undefined, tokens: 0 };

/** A search may use its budget up before an attempt is whole; then nothing is the answer. */
function finished(problem: Problem, outcome: Outcome | undefined, { usage }: Account): SolvedProblem {
  return { problem, ...(outcome ?? { chosen: NOTHING, attempts: [] }), usage };
}

function pricesOf(sampler: Sampler, reward: Reward | undefined): Prices {
  return { draws: sampler.flops.bind(sampler), ...(reward !== undefined && { judgement: reward.flops.bind(reward) }) };
}

function requireUseful({ strategy: named, reward }: ThinkOptions, strategy: Strategy): void {
  if (reward === undefined) return;
  const what = typeof named === "string" ? named : strategy.description;
  if (strategy.rewards === "nothing") throw new ThinkError(`${what} asks nobody how good an attempt is, so that it has no use for ${reward.name}; leave it out, or take another strategy.`);
  if (strategy.rewards === "steps" && reward.ofSteps === undefined) {
    throw new ThinkError(`${what} goes by the value of steps, but ${reward.name} judges whole attempts alone; train one of kind process, or take another strategy.`);
  }
}

function requireAffordable(task: Task, problems: readonly Problem[], sampler: Sampler, { maxTokens }: StrategySettings, budget: Budget | undefined, prices: Prices): void {
  if (budget === undefined) return;
  for (const { prompt } of problems) {
    const read = sampler.countTokens(prompt);
    if (new Account(budget, prices).affordable({ read, written: maxTokens }, 1) > 0) continue;
    const flops = (prices.draws(read, maxTokens, 1) ?? NaN) + (prices.judgement?.(read + maxTokens) ?? 0);
    const needed = budget.unit === "flops" ? `${flops.toPrecision(3)} FLOPs` : `${maxTokens} tokens`;
    throw new ThinkError(`A budget of ${formatBudget(budget)} is too small for one attempt at ${task.name}, which may take ${needed}; give more, or allow shorter attempts.`);
  }
}

function reportOf(solved: readonly SolvedProblem[], { thrown, late }: VerifierFailures): ThinkReport {
  const correct = solved.filter(({ chosen }) => chosen.verdict.correct).length;
  const { lower, upper } = wilsonInterval(correct, solved.length);
  const sum = (of: (each: SolvedProblem) => number): number => solved.reduce((total, each) => total + of(each), 0);
  const flops = sum(({ usage }) => usage.flops ?? NaN);
  return {
    accuracy: correct / solved.length, interval: [lower, upper], problems: solved.length,
    tokens: sum(({ usage }) => usage.written), tokensRead: sum(({ usage }) => usage.read), flops: Number.isNaN(flops) ? null : flops,
    seconds: sum(({ usage }) => usage.seconds), attempts: sum(({ attempts }) => attempts.length),
    unparseable: sum(({ attempts }) => attempts.filter(({ verdict }) => verdict.answer === undefined).length),
    unanswered: solved.filter(({ chosen }) => chosen.verdict.answer === undefined).length,
    verifier: { thrown, late },
  };
}
