import { likelihood, scoreQuality, type Judged, type ScoreQuality } from "../doubt/judged.ts";
import { aggregate, aggregations, type Aggregation } from "./aggregate.ts";
import type { LabelledAttempt } from "./labelled-attempt.ts";
import type { RewardKind } from "./model-reward.ts";
import type { RewardScorer } from "./reward-scorer.ts";

export interface RewardReport {
  readonly attempts: number;
  /** Share of them that are right. */
  readonly accuracy: number;
  /** Of the reward, however steps are made one. */
  readonly reward: Readonly<Partial<Record<Aggregation, ScoreQuality>>>;
  /** Of steps before the last by their own labels, of which those above 0 count as right (Wang et al. 2024, equation 3). */
  readonly steps: ScoreQuality & { readonly count: number } | undefined;
  /** Of the likelihood that the model gives its own attempts: per token and in all. */
  readonly likelihoodPerToken: ScoreQuality;
  readonly likelihood: ScoreQuality;
}

/** Measures a reward model on attempts that it did not learn from. */
export async function judgeReward(scorer: RewardScorer, kind: RewardKind, attempts: readonly LabelledAttempt[]): Promise<RewardReport> {
  const scored = await Promise.all(attempts.map(({ prompt, text }) => scorer.score(prompt, text, true)));
  const scoresOf = (at: number): readonly number[] => scored[at]?.scores ?? [];
  const quality = (score: (attempt: LabelledAttempt, at: number) => number): ScoreQuality => qualityOf(attempts.map((attempt, at) => ({ score: score(attempt, at), correct: attempt.correct })));
  const hows = kind === "outcome" ? ["last"] as const : aggregations;
  const steps = attempts.flatMap(({ labels }, at) => labels.slice(0, -1).map((label, step) => ({ score: scoresOf(at)[step] ?? NaN, correct: label > 0 })));
  return {
    attempts: attempts.length, accuracy: attempts.filter(({ correct }) => correct).length / attempts.length,
    reward: Object.fromEntries(hows.map((how) => [how, quality((_, at) => aggregate(scoresOf(at), how))])),
    steps: steps.length === 0 ? undefined : { count: steps.length, ...qualityOf(steps) },
    likelihoodPerToken: quality(({ meanLogProbability }) => likelihood(meanLogProbability ?? NaN)),
    likelihood: quality(({ meanLogProbability, tokens }) => likelihood((meanLogProbability ?? NaN) * tokens)),
  };
}

/** Of scores that are probabilities; NaN where one is not known. */
function qualityOf(judged: readonly Judged[]): ScoreQuality {
  const known = judged.some(({ score }) => Number.isNaN(score)) ? undefined : judged;
  return scoreQuality(known, known);
}
