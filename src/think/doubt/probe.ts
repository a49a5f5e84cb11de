import type { Attempt } from "../strategies/strategy.ts";
import type { Problem } from "../tasks/task.ts";
import type { HiddenStates } from "./hidden-states.ts";
import { fitLogisticRegression, predict, type LogisticRegression } from "./logistic-regression.ts";

/** What a model makes of the last token of texts. */
export type StatesOfTexts = Pick<HiddenStates, "ofTexts">;

/** A problem with a greedy answer to it. */
export interface Answered {
  readonly problem: Problem;
  readonly greedy: Attempt;
}

/** The probability to be right, by what the model makes of the end of the prompt, before it answers, and of the end of its answer. */
export interface ProbedAnswer {
  readonly prompt: number;
  readonly answer: number;
}

/**
 * Logistic regressions on hidden states that tell whether greedy answers are right (Azaria and Mitchell 2023; Orgad et al. 2024,
 * section 3).
 */
export class Probes {
  private constructor(private readonly states: StatesOfTexts, private readonly prompt: LogisticRegression, private readonly answer: LogisticRegression) {}

  /** Learns from answers to training problems; `undefined` where all of them are right, or all wrong. */
  static async fit(states: StatesOfTexts, answered: readonly Answered[]): Promise<Probes | undefined> {
    const labels = answered.map(({ greedy }) => greedy.verdict.correct);
    if (new Set(labels).size < 2) return undefined;
    const { prompts, answers } = await statesOf(states, answered);
    return new Probes(states, fitLogisticRegression(prompts, labels), fitLogisticRegression(answers, labels));
  }

  async ofAnswers(answered: readonly Answered[]): Promise<ProbedAnswer[]> {
    const { prompts, answers } = await statesOf(this.states, answered);
    return answered.map((_, at) => ({ prompt: predict(this.prompt, prompts[at] ?? []), answer: predict(this.answer, answers[at] ?? []) }));
  }
}

async function statesOf(states: StatesOfTexts, answered: readonly Answered[]): Promise<{ prompts: Float32Array[]; answers: Float32Array[] }> {
  return {
    prompts: await states.ofTexts(answered.map(({ problem: { prompt } }) => prompt)),
    answers: await states.ofTexts(answered.map(({ problem: { prompt }, greedy: { text } }) => prompt + text)),
  };
}
