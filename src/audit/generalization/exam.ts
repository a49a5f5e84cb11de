/** What a run is asked, and how far each question is from what it was trained on. */
import type { SolvedProblem } from "../../think/think.ts";
import type { Problem, Task } from "../../think/tasks/task.ts";
import type { ExaminedRun } from "./examined-run.ts";

/** Whether questions are like those of training. */
export type Distribution = "in" | "out";

/** How far from training something is, by some measure. */
export interface Distance {
  /** What is measured: "split", "digits", "actions". */
  readonly by: string;
  /** As it is shown: "9 to 16". */
  readonly label: string;
  /** Distances of one measure stand in this order; a number on its axis where it has one. */
  readonly order: number;
}

/** What a question was worth at one distance. */
export interface Mark {
  readonly distribution: Distribution;
  readonly group: Distance;
  /** Finer distances within the group. */
  readonly finer: readonly Distance[];
  readonly correct: number;
  /** At least 1; 1 for an answer that is right or wrong as a whole. */
  readonly total: number;
}

export interface Question {
  readonly problem: Problem;
  marks(solved: SolvedProblem): readonly Mark[];
}

/** Questions of one task, asked together. */
export interface Paper {
  readonly task: Task;
  readonly questions: readonly Question[];
}

export interface Exam {
  readonly papers: readonly Paper[];
  /** What the run was trained on, as it was found or given. */
  readonly trainedOn: string;
  /** Questions that are not asked, since the run has learned from them. */
  readonly seen: number;
}

export interface ExamChoice {
  readonly seed: number;
  /** Of each distance; absent: all that are published, 1,000 of those that are made. */
  readonly problems?: number | undefined;
  /** How many steps longer and shorter than trained on. */
  readonly beyond: number;
}

/** Makes the exam of a run. @throws AuditError where the run does not fit it */
export type ExamMaker = (run: ExaminedRun, choice: ExamChoice) => Promise<Exam>;

/** Of a question whose answer is right or wrong as a whole. */
export function wholeQuestion(problem: Problem, distribution: Distribution, group: Distance, finer: readonly Distance[] = []): Question {
  return { problem, marks: ({ chosen }) => [{ distribution, group, finer, correct: Number(chosen.verdict.correct), total: 1 }] };
}
