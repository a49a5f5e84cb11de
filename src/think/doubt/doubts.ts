import type { Attempt } from "../strategies/strategy.ts";
import type { Problem } from "../tasks/task.ts";
import { likelihood, scoreQuality, type Judged, type ScoreQuality } from "./judged.ts";

/** What can be known of an answer without knowing whether it is right. `undefined` where the model does not tell, or nobody was asked. */
export interface Doubts {
  /** Of the samples, nats. */
  readonly semanticEntropy: number;
  /** The same, samples weighted by their probability per token. */
  readonly weightedSemanticEntropy: number | undefined;
  /** Share of the samples that agree with the greedy answer. */
  readonly selfConsistency: number;
  /** Of the greedy answer: the mean over its tokens and their sum, nats. */
  readonly meanLogProbability: number | undefined;
  readonly logProbability: number | undefined;
  /** The probability with which the model calls it true. */
  readonly pTrue: number | undefined;
  /** The probability to be right by probes on hidden states: at the end of the prompt, and at the end of the answer. */
  readonly probePrompt: number | undefined;
  readonly probeAnswer: number | undefined;
  /** What a reward model says of it. */
  readonly reward: number | undefined;
}

export type DoubtScore = keyof Doubts;

export interface CheckedAnswer {
  readonly problem: Problem;
  readonly greedy: Attempt;
  readonly doubts: Doubts;
  readonly flagged: boolean;
  /** Where it was flagged and found anew. */
  readonly revised?: Attempt;
}

interface Reading {
  /** Greater where an answer is surer. */
  readonly sureness: (doubts: Doubts) => number | undefined;
  /** The same as a probability to be right, where it may be read as one. */
  readonly probability?: (doubts: Doubts) => number | undefined;
}

function asProbability(probability: (doubts: Doubts) => number | undefined): Reading {
  return { sureness: probability, probability };
}

function asLikelihood(nats: (doubts: Doubts) => number | undefined): Reading {
  return {
    sureness: nats,
    probability(doubts) {
      const sum = nats(doubts);
      return sum === undefined ? undefined : likelihood(sum);
    },
  };
}

function negated(nats: number | undefined): number | undefined {
  return nats === undefined ? undefined : -nats;
}

/** How each score is read. */
const READINGS = {
  semanticEntropy: { sureness: ({ semanticEntropy }) => negated(semanticEntropy) },
  weightedSemanticEntropy: { sureness: ({ weightedSemanticEntropy }) => negated(weightedSemanticEntropy) },
  selfConsistency: asProbability(({ selfConsistency }) => selfConsistency),
  meanLogProbability: asLikelihood(({ meanLogProbability }) => meanLogProbability),
  logProbability: asLikelihood(({ logProbability }) => logProbability),
  pTrue: asProbability(({ pTrue }) => pTrue),
  probePrompt: asProbability(({ probePrompt }) => probePrompt),
  probeAnswer: asProbability(({ probeAnswer }) => probeAnswer),
  reward: asProbability(({ reward }) => reward),
} as const satisfies Readonly<Record<DoubtScore, Reading>>;

/** All scores, in the order in which they are told. */
export const doubtScores = Object.keys(READINGS) as readonly DoubtScore[];

/** Scores that may be read as the probability to be right. */
export const probabilityScores: readonly DoubtScore[] = doubtScores.filter((score) => "probability" in READINGS[score]);

type Scored = Pick<CheckedAnswer, "greedy" | "doubts">;

/** Answers with a score that is greater where they are surer; `undefined` where some lack it. */
export function bySureness(answers: readonly Scored[], score: DoubtScore): Judged[] | undefined {
  return judgedBy(answers, READINGS[score].sureness);
}

/** Answers with their probability to be right by a score; `undefined` where some lack it, or it is none. */
export function byProbability(answers: readonly Scored[], score: DoubtScore): Judged[] | undefined {
  const reading: Reading = READINGS[score];
  return reading.probability && judgedBy(answers, reading.probability);
}

function judgedBy(answers: readonly Scored[], read: (doubts: Doubts) => number | undefined): Judged[] | undefined {
  const scored = answers.flatMap(({ doubts, greedy }) => {
    const score = read(doubts);
    return score === undefined ? [] : [{ score, correct: greedy.verdict.correct }];
  });
  return scored.length < answers.length || answers.length === 0 ? undefined : scored;
}

export function qualityOf(answers: readonly Scored[], score: DoubtScore): ScoreQuality {
  return scoreQuality(bySureness(answers, score), byProbability(answers, score));
}
