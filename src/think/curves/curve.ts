import { confidenceInterval } from "../../metrics/bootstrap.ts";
import { statisticsFromRows } from "../../metrics/sentence-statistics.ts";
import type { Sampler } from "../sampler/sampler.ts";
import type { Budget } from "../strategies/budget.ts";
import type { Reward } from "../strategies/reward.ts";
import { strategies as known, type StrategyName } from "../strategies/strategies.ts";
import type { StrategySettings } from "../strategies/strategy.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { finishedByBoth, think, type SolvedProblem, type ThinkReport } from "../think.ts";
import { asError, ThinkError } from "../think-error.ts";
import { betaCoverage, fitBeta, fitCoveragePower, type BetaProbabilities, type CoveragePoint, type CoveragePower } from "./coverage.ts";
import { exchangeRate, type ExchangeRate } from "./exchange-rate.ts";
import { bestOfK, passAtK } from "./pass-at-k.ts";
import { agreement, votesAtK, type Vote } from "./votes-at-k.ts";

export interface CurveOptions {
  /** Of each problem; curves go over the powers of two up to it. */
  readonly samples: number;
  readonly settings?: Partial<StrategySettings>;
  /** Further strategies, each run with budgets of as many tokens as the powers of two of samples take. */
  readonly strategies?: readonly StrategyName[];
  /** In the verifier's place, for those of them that ask it. */
  readonly reward?: Reward | undefined;
  /** Of draws and of the bootstrap; 1 by default. */
  readonly seed?: number;
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

/** A mean over problems, with its bootstrap interval. */
export interface Estimate {
  readonly value: number;
  /** 95%. */
  readonly interval: readonly [number, number];
}

/** What k samples of a problem come to. */
export interface PointOfCurve {
  readonly k: number;
  /** Of one problem on average: tokens written, and floating-point operations, `null` where the model's size is not known. */
  readonly tokens: number;
  readonly flops: number | null;
  /** At least one is right: what the verifier could choose. */
  readonly pass: Estimate;
  /** The vote of all is right. */
  readonly majority: Estimate;
  /** The likeliest per token is right; `null` where the model does not tell likelihoods. */
  readonly likeliest: Estimate | null;
  /** Of the answers' and of the texts' shares, nats: how little the samples have in common. */
  readonly answerEntropy: number;
  readonly pathEntropy: number;
  readonly distinctAnswers: number;
}

export interface StrategyPoint extends Pick<ThinkReport, "accuracy" | "interval"> {
  readonly strategy: StrategyName;
  /** Of each problem; `null` where a strategy ends by itself. */
  readonly budget: Budget | null;
  /** Of one problem on average. */
  readonly tokens: number;
  readonly flops: number | null;
}

export interface RunCurve {
  readonly run: string;
  readonly problems: number;
  readonly greedy: StrategyPoint;
  readonly points: readonly PointOfCurve[];
  readonly strategies: readonly StrategyPoint[];
  /** The probability that two samples of a problem are one. */
  readonly agreement: { readonly answers: number | null; readonly paths: number | null };
  readonly coverage: CoverageFit;
}

export interface CoverageFit {
  readonly power: CoveragePower | null;
  readonly beta: BetaProbabilities | null;
  /** What the Beta distribution's closed form gives where pass was measured. */
  readonly betaPoints: readonly CoveragePoint[];
  /** The largest distance of the closed form from what was measured. */
  readonly betaError: number | null;
}

export interface MeasuredCurve {
  readonly curve: RunCurve;
  /** Why problems or further strategies are missing. */
  readonly stopped: Error | undefined;
}

/**
 * Measures a model's accuracy on problems against the compute of thinking. Where the sampler fails, the curve is that of the
 * problems that were finished by then.
 *
 * @throws as `think` does
 */
export async function measureCurve(run: string, task: Task, problems: readonly Problem[], sampler: Sampler, options: CurveOptions): Promise<MeasuredCurve> {
  const { samples, settings = {}, seed = 1, reward, onProgress } = options;
  let stopped: Error | undefined;
  const solve = async (strategy: StrategyName, some: readonly Problem[], own: Partial<StrategySettings>, budget?: Budget) => {
    sampler.forget?.();
    const thought = await think(task, some, sampler, {
      strategy, budget, settings: { ...settings, ...own }, seed, ...(known[strategy].rewards !== "nothing" && { reward }), onSolved: (_, done) => onProgress?.(strategy, done, some.length),
    });
    stopped ??= thought.stopped;
    return thought;
  };
  const answered = await solve("greedy", problems, {});
  const [greedy, { solved: drawn }] = finishedByBoth(answered, await solve("majority-vote", answered.solved.map(({ problem }) => problem), { samples }));
  if (drawn.length === 0) throw stopped ?? new ThinkError(`${task.name} has no problems here; ask for at least one.`);
  const powers = Array.from({ length: Math.floor(Math.log2(samples)) + 1 }, (_, power) => 2 ** power);
  // One sample reads its prompt once, wherever the model is.
  const prompts = new Map(greedy.solved.map(({ problem, usage }) => [problem, usage.read]));
  const flopsOf: FlopsOf = (solved, k) => meanOf(solved.attempts.map(({ tokens }) => sampler.flops(prompts.get(solved.problem) ?? NaN, tokens, k) ?? NaN));
  const points = powers.map((k) => pointOf(drawn, k, flopsOf, seed));
  const strategies: StrategyPoint[] = [];
  for (const strategy of options.strategies ?? []) {
    for (const { tokens } of points) {
      const budget: Budget = { unit: "tokens", amount: Math.ceil(tokens) };
      // The smallest budgets may not pay for one attempt at its longest.
      if (stopped !== undefined || budget.amount < (settings.maxTokens ?? task.length + 1)) continue;
      const thought = await solve(strategy, problems, { samples: Infinity }, budget).catch((error: unknown) => { stopped = asError(error); });
      if (thought !== undefined && stopped === undefined) strategies.push(strategyPoint(strategy, budget, thought.report));
    }
  }
  const curve = {
    run, problems: drawn.length, greedy: strategyPoint("greedy", null, greedy.report), points, strategies,
    agreement: agreementOf(drawn), coverage: fitCoverage(drawn, points),
  };
  return { curve, stopped };
}

/** What thinking on a smaller model costs against one large model's single answer: as `ExchangeRate`, `null` where the samples do not reach it. */
export interface Exchange extends Readonly<Record<Exclude<keyof ExchangeRate, "largeFlops">, number | null>>, Pick<ExchangeRate, "largeFlops"> {
  readonly small: string;
  readonly large: string;
  readonly measure: "pass" | "majority";
}

/** Runs whose answers take about as many FLOPs, to within this share, are of one size. */
const ONE_SIZE = 0.1;

/** For each pair of runs, the first of which is smaller, or of one size and less accurate, and each measure; pairs of unknown size are left out. */
export function exchangeRates(runs: readonly RunCurve[]): Exchange[] {
  return runs.flatMap((small) => runs.flatMap((large) => {
    const { flops, accuracy } = large.greedy;
    if (flops === null || !isSmaller(small, large)) return [];
    return (["pass", "majority"] as const).map((measure): Exchange => {
      const curve = small.points.map((point) => ({ k: point.k, accuracy: point[measure].value, flops: point.flops ?? NaN }));
      const { samples = null, smallFlops = null, ratio = null } = exchangeRate(curve, { accuracy, flops }) ?? {};
      return { small: small.run, large: large.run, measure, samples, smallFlops, largeFlops: flops, ratio };
    });
  }));
}

function isSmaller({ greedy: { flops: small, accuracy } }: RunCurve, { greedy: { flops: large, accuracy: other } }: RunCurve): boolean {
  if (small === null || large === null) return false;
  return Math.abs(small - large) <= ONE_SIZE * Math.max(small, large) ? accuracy < other : small < large;
}

/** Of one problem on average over its samples, if so many are drawn. */
type FlopsOf = (solved: SolvedProblem, k: number) => number;

function pointOf(drawn: readonly SolvedProblem[], k: number, flopsOf: FlopsOf, seed: number): PointOfCurve {
  const votes = drawn.map(({ attempts }) => votesAtK(attempts.map(voteOf), k, { seed }));
  const flops = meanOf(drawn.map((solved) => flopsOf(solved, k)));
  const scored = drawn.map(({ attempts }) => attempts.map(({ verdict: { correct }, meanLogProbability = NaN }) => ({ score: meanLogProbability, correct })));
  const tellsLikelihood = scored.flat().every(({ score }) => !Number.isNaN(score));
  return {
    k, tokens: meanOf(drawn.map(({ attempts, usage }) => (k * usage.written) / attempts.length)), flops: Number.isNaN(flops) ? null : flops,
    pass: estimate(drawn.map(({ attempts }) => passAtK(attempts.length, countCorrect(attempts), k)), seed),
    majority: estimate(votes.map(({ correct }) => correct), seed),
    likeliest: tellsLikelihood ? estimate(scored.map((draws) => bestOfK(draws, k)), seed) : null,
    answerEntropy: meanOf(votes.map(({ answerEntropy }) => answerEntropy)), pathEntropy: meanOf(votes.map(({ pathEntropy }) => pathEntropy)),
    distinctAnswers: meanOf(votes.map(({ distinctAnswers }) => distinctAnswers)),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function voteOf({ text, verdict: { meaning, correct } }: SolvedProblem["chosen"]): Vote {
  return { meaning, correct, path: text, weight: 1 };
}

function countCorrect(attempts: SolvedProblem["attempts"]): number {
  return attempts.filter(({ verdict }) => verdict.correct).length;
}

function estimate(values: readonly number[], seed: number): Estimate {
  const { score, lower, upper } = confidenceInterval(statisticsFromRows(values.map((value) => [value, 1])), ([sum = 0, count = 1]) => sum / count, { seed });
  return { value: score, interval: [lower, upper] };
}

function agreementOf(drawn: readonly SolvedProblem[]): RunCurve["agreement"] {
  const mean = (of: (solved: SolvedProblem) => number | undefined): number | null => {
    const known = drawn.flatMap((solved) => of(solved) ?? []);
    return known.length === 0 ? null : meanOf(known);
  };
  return {
    answers: mean(({ attempts }) => agreement(attempts.map(({ verdict }) => verdict.meaning))),
    paths: mean(({ attempts }) => agreement(attempts.map(({ text }) => text))),
  };
}

function fitCoverage(drawn: readonly SolvedProblem[], points: readonly PointOfCurve[]): CoverageFit {
  const measured = points.map(({ k, pass }) => ({ k, coverage: pass.value }));
  const beta = fitBeta(drawn.map(({ attempts }) => ({ drawn: attempts.length, correct: countCorrect(attempts) })));
  const betaPoints = beta === undefined ? [] : measured.map(({ k }) => ({ k, coverage: betaCoverage(beta, k) }));
  const errors = betaPoints.map(({ coverage }, at) => Math.abs(coverage - (measured[at]?.coverage ?? NaN)));
  return { power: fitCoveragePower(measured) ?? null, beta: beta ?? null, betaPoints, betaError: errors.length === 0 ? null : Math.max(...errors) };
}

function strategyPoint(strategy: StrategyName, budget: Budget | null, { accuracy, interval, problems, tokens, flops }: ThinkReport): StrategyPoint {
  return { strategy, budget, accuracy, interval, tokens: tokens / problems, flops: flops === null ? null : flops / problems };
}
