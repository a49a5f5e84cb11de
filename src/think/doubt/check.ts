import type { Sampler } from "../sampler/sampler.ts";
import type { StrategyName } from "../strategies/strategies.ts";
import type { Attempt, StrategySettings } from "../strategies/strategy.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { think, type SolvedProblem, type Thought } from "../think.ts";
import { auroc, calibration, riskCoverage, type Calibration, type Judged, type RiskAtCoverage } from "./judged.ts";
import { clusterAnswers, sameMeaning, semanticEntropy, weightedSemanticEntropy, type Compare, type EquivalenceRule } from "./semantic-entropy.ts";

export interface CheckOptions {
  /** Of each problem, beside the greedy answer. */
  readonly samples: number;
  readonly settings?: Partial<StrategySettings>;
  /** When two answers are one; by default when their meanings are equal by the task. */
  readonly compare?: Compare;
  readonly rule?: EquivalenceRule;
  /** An answer is flagged where fewer than this share of the samples agree with it; 0.5 by default. */
  readonly threshold?: number;
  /** How flagged answers are found anew; without it they are only flagged. */
  readonly revise?: { readonly strategy: StrategyName; readonly samples: number };
  readonly seed?: number;
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

/** What can be known of an answer without knowing whether it is right. */
export interface Doubts {
  /** Of the samples, nats. */
  readonly semanticEntropy: number;
  /** The same, samples weighted by their probability per token; `undefined` where the model does not tell. */
  readonly weightedSemanticEntropy: number | undefined;
  /** Share of the samples that agree with the greedy answer. */
  readonly selfConsistency: number;
  /** Of the greedy answer: the mean over its tokens and their sum, nats. */
  readonly meanLogProbability: number | undefined;
  readonly logProbability: number | undefined;
}

export interface CheckedAnswer {
  readonly problem: Problem;
  readonly greedy: Attempt;
  readonly doubts: Doubts;
  readonly flagged: boolean;
  /** Where it was flagged and found anew. */
  readonly revised?: Attempt;
}

/** How well each score tells right greedy answers from wrong ones; `null` where it cannot be told. */
export type ByScore = { readonly [Score in keyof Doubts]: number | null };

export interface CheckReport {
  /** Of semantic entropy. */
  readonly auroc: number | null;
  /** Of self-consistency as the probability to be right. */
  readonly ece: number;
  readonly problems: number;
  /** Of the greedy answers. */
  readonly accuracy: number;
  readonly aurocs: ByScore;
  /** Why there is no AUROC. */
  readonly undefinedBecause?: string;
  readonly reliability: Calibration["bins"];
  /** By self-consistency. */
  readonly riskCoverage: readonly RiskAtCoverage[];
  readonly flagged: number;
  readonly flaggedWrong: number;
  readonly tokens: number;
  readonly revision?: RevisionReport;
}

export interface RevisionReport {
  readonly strategy: StrategyName;
  /** Wrong answers that became right, and right ones that became wrong. */
  readonly corrected: number;
  readonly broken: number;
  /** Of all answers, with the revised ones. */
  readonly accuracy: number;
  /** Written for the revision. */
  readonly tokens: number;
}

/** Flags greedy answers that are likely to be wrong, measures how well that goes, and revises them where that is wished. */
export async function check(task: Task, problems: readonly Problem[], sampler: Sampler, options: CheckOptions): Promise<{ report: CheckReport; answers: readonly CheckedAnswer[] }> {
  const { samples, settings = {}, threshold = 0.5, seed = 1, revise, onProgress } = options;
  const solve = async (strategy: StrategyName, some: readonly Problem[], own: Partial<StrategySettings>, ownSeed = seed): Promise<Thought> => {
    const thought = await think(task, some, sampler, {
      strategy, settings: { ...settings, ...own }, seed: ownSeed, onSolved: (_, done) => onProgress?.(strategy, done, some.length),
    });
    if (thought.stopped !== undefined) throw thought.stopped;
    return thought;
  };
  const greedy = await solve("greedy", problems, {});
  const drawn = await solve("majority-vote", problems, { samples });
  const answers: CheckedAnswer[] = [];
  for (const [place, { problem, chosen }] of greedy.solved.entries()) {
    const doubts = await doubtsOf(chosen, drawn.solved[place]?.attempts ?? [], options);
    answers.push({ problem, greedy: chosen, doubts, flagged: doubts.selfConsistency < threshold });
  }
  const report = reportOf(answers, greedy.report.tokens + drawn.report.tokens);
  const flagged = answers.filter((answer) => answer.flagged);
  if (revise === undefined || flagged.length === 0) return { report, answers };
  // Draws of its own: the samples that raised the doubt must not decide it alone.
  const revised = await solve(revise.strategy, flagged.map(({ problem }) => problem), { samples: revise.samples }, seed + 1);
  const all = withRevisions(answers, revised.solved);
  return { report: { ...report, revision: revisionReport(all, revise.strategy, revised.report.tokens) }, answers: all };
}

async function doubtsOf(greedy: Attempt, samples: readonly Attempt[], { compare, rule }: CheckOptions): Promise<Doubts> {
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

/** Greater where an answer is surer. */
const SURENESS = {
  semanticEntropy: ({ semanticEntropy: entropy }) => -entropy,
  weightedSemanticEntropy: ({ weightedSemanticEntropy: entropy }) => entropy && -entropy,
  selfConsistency: ({ selfConsistency }) => selfConsistency,
  meanLogProbability: ({ meanLogProbability }) => meanLogProbability,
  logProbability: ({ logProbability }) => logProbability,
} as const satisfies { readonly [Score in keyof Doubts]: (doubts: Doubts) => number | undefined };

function reportOf(answers: readonly CheckedAnswer[], tokens: number): CheckReport {
  const judged = (of: (doubts: Doubts) => number | undefined): Judged[] | undefined => {
    const scored = answers.flatMap(({ doubts, greedy }) => {
      const score = of(doubts);
      return score === undefined ? [] : [{ score, correct: greedy.verdict.correct }];
    });
    return scored.length < answers.length ? undefined : scored;
  };
  const aurocOf = (score: keyof Doubts): number | null => {
    const scored = judged(SURENESS[score]);
    return (scored && auroc(scored)) ?? null;
  };
  const consistency = judged(SURENESS.selfConsistency) ?? [];
  const right = answers.filter(({ greedy }) => greedy.verdict.correct).length;
  const { ece, bins } = calibration(consistency);
  const flagged = answers.filter((answer) => answer.flagged);
  return {
    auroc: aurocOf("semanticEntropy"), ece, problems: answers.length, accuracy: right / answers.length,
    aurocs: {
      semanticEntropy: aurocOf("semanticEntropy"), weightedSemanticEntropy: aurocOf("weightedSemanticEntropy"), selfConsistency: aurocOf("selfConsistency"),
      meanLogProbability: aurocOf("meanLogProbability"), logProbability: aurocOf("logProbability"),
    },
    ...((right === 0 || right === answers.length) && { undefinedBecause: `all greedy answers are ${right === 0 ? "wrong" : "right"}, so that there are no two classes to tell apart` }),
    reliability: bins, riskCoverage: riskCoverage(consistency), flagged: flagged.length,
    flaggedWrong: flagged.filter(({ greedy }) => !greedy.verdict.correct).length, tokens,
  };
}

function withRevisions(answers: readonly CheckedAnswer[], revised: readonly SolvedProblem[]): CheckedAnswer[] {
  const byProblem = new Map(revised.map(({ problem, chosen }) => [problem, chosen]));
  return answers.map((answer) => {
    const chosen = byProblem.get(answer.problem);
    return chosen === undefined ? answer : { ...answer, revised: chosen };
  });
}

function revisionReport(answers: readonly CheckedAnswer[], strategy: StrategyName, tokens: number): RevisionReport {
  const after = ({ greedy, revised = greedy }: CheckedAnswer): boolean => revised.verdict.correct;
  return {
    strategy, tokens, accuracy: answers.filter(after).length / answers.length,
    corrected: answers.filter((answer) => !answer.greedy.verdict.correct && after(answer)).length,
    broken: answers.filter((answer) => answer.greedy.verdict.correct && !after(answer)).length,
  };
}
