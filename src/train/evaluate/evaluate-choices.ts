/** How often a model finds the right choice the likeliest. */
import type { Question } from "../../data/questions.ts";
import { wilsonInterval } from "../../metrics/wilson.ts";
import type { Interval } from "./evaluate-run.ts";
import type { ChoiceScores } from "./score-choices.ts";

/** Shares of the questions, 0 to 1, under the names of EleutherAI's lm-evaluation-harness. */
export interface ChoiceAccuracies<Value = number> {
  /** The right choice has the highest log p(choice | prompt). */
  readonly acc: Value;
  /** It has the highest log p(choice | prompt) / bytes of the choice in UTF-8. */
  readonly acc_norm: Value;
  /** It has the highest log p(choice | prompt) − log p(choice); where choices were scored alone too. */
  readonly acc_mutual_info?: Value;
}

export interface ChoiceQuality extends ChoiceAccuracies {
  /** 95% confidence. */
  readonly intervals: ChoiceAccuracies<Interval>;
  /** What guessing would give. */
  readonly chance: number;
  readonly questions: number;
  /** Questions whose prompt lost its beginning, which the model could not look at. */
  readonly shortened: number;
  /** Tokens that they lost together. */
  readonly leftOut: number;
}

/**
 * Accuracies of scored questions. Of choices with equal scores the first counts as chosen.
 *
 * @throws RangeError where there are no questions
 */
export function choiceQuality(questions: readonly Question[], scores: readonly ChoiceScores[]): ChoiceQuality {
  const right = (measure: (choice: number, question: number) => number): number => (
    questions.filter(({ choices, answer }, at) => likeliest(choices.map((_, choice) => measure(choice, at))) === answer).length);
  const given = (choice: number, at: number): number => scores[at]?.given[choice] ?? NaN;
  const counts = {
    acc: right(given),
    acc_norm: right((choice, at) => given(choice, at) / Buffer.byteLength(questions[at]?.choices[choice] ?? "")),
    ...(scores.some(({ alone }) => alone !== undefined)
      && { acc_mutual_info: right((choice, at) => given(choice, at) - (scores[at]?.alone?.[choice] ?? NaN)) }),
  };
  return {
    ...mapped(counts, (count) => count / questions.length),
    intervals: mapped(counts, (count) => wilsonInterval(count, questions.length)),
    chance: questions.reduce((sum, { choices }) => sum + 1 / choices.length, 0) / questions.length,
    questions: questions.length,
    shortened: scores.filter(({ leftOut }) => leftOut > 0).length,
    leftOut: scores.reduce((sum, { leftOut }) => sum + leftOut, 0),
  };
}

function likeliest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function mapped<Value>({ acc, acc_norm, acc_mutual_info }: ChoiceAccuracies, map: (count: number) => Value): ChoiceAccuracies<Value> {
  return { acc: map(acc), acc_norm: map(acc_norm), ...(acc_mutual_info !== undefined && { acc_mutual_info: map(acc_mutual_info) }) };
}
