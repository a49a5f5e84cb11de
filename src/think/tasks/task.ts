/**
 * Tasks with answers that can be checked. A task is one file: what it asks, how an answer is read from what a model
 * writes, and whether it is right.
 */

export type Split = "train" | "validation" | "test";

/** A question with an answer that can be checked. */
export interface Problem<Data = unknown> {
  /** Equal for problems that are one and the same to a learner, such as a sum and its mirror image. */
  readonly key: string;
  /** Problems of a family are in one split; by default a problem is alone with its key. */
  readonly family?: string;
  /** What a model goes on from. */
  readonly prompt: string;
  /** What the verifier goes by. */
  readonly data: Data;
}

export interface ProblemChoice {
  /** A whole number from 0 to 2³² − 1; the same seed gives the same problems. */
  readonly seed: number;
  /** Problems wanted; those that are read from files may be fewer. */
  readonly count: number;
}

/** How a solution falls into steps that can be judged before it is complete. */
export interface StepRule<Data = unknown> {
  /** Stands between two steps, and nowhere else. */
  readonly separator: string;
  /** From 0, wrong, to 1, nothing wrong with it: of the steps written so far, the last one included. */
  verify(problem: Problem<Data>, steps: readonly string[]): number;
}

export interface Task<Data = unknown> {
  /** As it is given on the command line, options included. */
  readonly name: string;
  /** For models that follow instructions: what is asked, and in which form the answer is wanted. */
  readonly instruction: string;
  /** The most characters that an attempt should take, which is also the most tokens. */
  readonly length: number;
  /**
   * Whether an answer is checked by what the question says ("question"), or needs the known answer ("reference"), so that
   * choosing by the verifier tells what could be had, not what a user would get.
   */
  readonly verifiedBy: "question" | "reference";
  /** Distinct problems of a split; those of one split never occur in another. @throws ThinkError where there are too few */
  problems(split: Split, choice: ProblemChoice): Promise<Problem<Data>[]>;
  /** What a model should write after the prompt. */
  solution(problem: Problem<Data>): string;
  /** The answer in what a model wrote after the prompt; `undefined` where there is none. */
  parse(text: string): string | undefined;
  /** Whether a parsed answer is right. */
  verify(problem: Problem<Data>, answer: string): boolean | Promise<boolean>;
  /** Equal for answers that say the same; by default the answer itself. */
  meaning?(problem: Problem<Data>, answer: string): string;
  readonly steps?: StepRule<Data>;
}
