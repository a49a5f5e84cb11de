/**
 * A way of spending compute on a problem. It is written for one problem alone; problems that are worked on at the same
 * time share batches by themselves (`SharedSampler`).
 */
import type { Sample } from "../sampler/sampler.ts";
import type { Verdict } from "../verify/verdict.ts";

export interface StrategySettings {
  /** The most attempts at a problem. */
  readonly samples: number;
  /** Of draws; greedy decoding and revision's first attempt go without. */
  readonly temperature: number;
  /** The most tokens of an attempt. */
  readonly maxTokens: number;
  /** Partial solutions that a search over steps keeps. */
  readonly beam: number;
  /** Continuations that a search over steps draws from each. */
  readonly width: number;
  /** Written where budget forcing keeps a text from ending. */
  readonly wait: string;
  /** How often it does so. */
  readonly waits: number;
  /** Written where budget forcing cuts a text off that has no answer yet. */
  readonly answerCue: string;
  /** Who says whether an attempt is to be revised: the verifier, or a reward model in its place; or the model itself. */
  readonly criticism: "verifier" | "own";
  /** Written after an attempt that is to be revised, where the model has no words of its own; `{answer}` stands for its answer. */
  readonly criticismText: string;
  /** Where a model cannot say what it makes of an attempt, one whose likelihood per token, or reward, is less than this is revised. */
  readonly confidence: number;
}

export interface DrawOptions {
  /** By default the strategy's. */
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
}

/** A finished attempt: the whole of what was written after the prompt, and what is to be said of it. */
export interface Attempt {
  readonly text: string;
  readonly verdict: Verdict;
  /** Of the tokens that were drawn for it: their mean, nats at temperature 1; `undefined` where the model does not tell. */
  readonly meanLogProbability: number | undefined;
  /** How many tokens these are. */
  readonly tokens: number;
}

/** Something else that is asked of a model that follows instructions. */
export interface InstructedPrompt {
  readonly prompt: string;
  readonly instruction: string;
}

/** What a strategy has at hand for one problem; everything it draws is paid from one budget. */
export interface Workplace {
  readonly settings: StrategySettings;
  /** Stands between steps; `undefined` for tasks without. */
  readonly separator: string | undefined;
  /** What the model is asked: the problem, and for models that follow instructions how to answer. */
  readonly question: InstructedPrompt;
  /** Whether the model follows instructions, so that it can be asked about its own attempts. */
  readonly instructed: boolean;
  /** Whether a reward model stands in the verifier's place. */
  readonly rewarded: boolean;
  /**
   * Goes on from what is written, up to `samples` times, as often as the budget allows; none where it allows none, or what is
   * written leaves the model no room to go on.
   */
  draw(written: string, samples: number, options?: DrawOptions): Promise<readonly Sample[]>;
  /** Samples of a model's answer to another question, in the same way. */
  ask(question: InstructedPrompt, samples: number, options?: DrawOptions): Promise<readonly Sample[]>;
  /** What the verifier says of a text. */
  judge(text: string): Promise<Verdict>;
  /** The value of steps that do not make a whole yet, from 0 to 1: by the task's step verifier, or by a reward model. */
  judgeSteps(steps: readonly string[]): Promise<number>;
  /** How good a finished attempt is: by default 1 where the verifier accepts it, else 0; or what a reward model says. */
  value(attempt: Attempt): Promise<number>;
}

export interface Outcome {
  /** What is given as the answer. */
  readonly chosen: Attempt;
  /** All finished attempts, the chosen one among them. */
  readonly attempts: readonly Attempt[];
}

export interface Strategy {
  readonly description: string;
  /** Whether it asks the verifier, or goes by the model alone. */
  readonly verifies: boolean;
  /** What it can ask a reward model about in the verifier's place: nothing, whole attempts, or steps too. */
  readonly rewards: "nothing" | "attempts" | "steps";
  /** `undefined` where the budget was used up before an attempt was whole. */
  solve(place: Workplace): Promise<Outcome | undefined>;
}
