import type { StrategyName } from "../strategies/strategies.ts";
import { byProbability, bySureness, doubtScores, qualityOf, type CheckedAnswer, type DoubtScore } from "./doubts.ts";
import { calibration, riskCoverage, type Calibration, type RiskAtCoverage, type ScoreQuality } from "./judged.ts";

export interface CheckReport {
  /** Of semantic entropy. */
  readonly auroc: number | null;
  /** Of the score that answers are flagged by. */
  readonly ece: number;
  readonly problems: number;
  /** Of the greedy answers. */
  readonly accuracy: number;
  readonly scores: Readonly<Record<DoubtScore, ScoreQuality>>;
  /** Why there is no AUROC. */
  readonly undefinedBecause?: string;
  readonly flaggedBy: DoubtScore;
  /** Of the score that answers are flagged by. */
  readonly reliability: Calibration["bins"];
  readonly riskCoverage: readonly RiskAtCoverage[];
  readonly flagged: number;
  readonly flaggedWrong: number;
  /** Written for the answers and their doubts, those of probes' training problems apart. */
  readonly tokens: number;
  /** Greedy answers to training problems that probes learned from; where all are right or all wrong, there is no probe. */
  readonly probe?: { readonly problems: number; readonly accuracy: number };
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

export function reportOf(answers: readonly CheckedAnswer[], flaggedBy: DoubtScore, tokens: number): CheckReport {
  const right = answers.filter(({ greedy }) => greedy.verdict.correct).length;
  const flagged = answers.filter((answer) => answer.flagged);
  const scores = Object.fromEntries(doubtScores.map((score) => [score, qualityOf(answers, score)])) as Record<DoubtScore, ScoreQuality>;
  const { ece, bins } = calibration(byProbability(answers, flaggedBy) ?? []);
  return {
    auroc: scores.semanticEntropy.auroc, ece, problems: answers.length, accuracy: right / answers.length, scores,
    ...((right === 0 || right === answers.length) && { undefinedBecause: `all greedy answers are ${right === 0 ? "wrong" : "right"}, so that there are no two classes to tell apart` }),
    flaggedBy, reliability: bins, riskCoverage: riskCoverage(bySureness(answers, flaggedBy) ?? []), flagged: flagged.length,
    flaggedWrong: flagged.filter(({ greedy }) => !greedy.verdict.correct).length, tokens,
  };
}

export function revisionReport(answers: readonly CheckedAnswer[], strategy: StrategyName, tokens: number): RevisionReport {
  const after = ({ greedy, revised = greedy }: CheckedAnswer): boolean => revised.verdict.correct;
  return {
    strategy, tokens, accuracy: answers.filter(after).length / answers.length,
    corrected: answers.filter((answer) => !answer.greedy.verdict.correct && after(answer)).length,
    broken: answers.filter((answer) => answer.greedy.verdict.correct && !after(answer)).length,
  };
}
