import type { Problem, ProblemChoice, Split, Task } from "./task.ts";

/** A problem with the text that a model learns to go on with. */
export interface TrainingText {
  /** Both together. */
  readonly text: string;
  readonly prompt: string;
  readonly solution: string;
}

/** Worked problems of a split, to learn from. @throws ThinkError where the task has too few */
export async function trainingTexts(task: Task, split: Split, choice: ProblemChoice): Promise<TrainingText[]> {
  return (await task.problems(split, choice)).map((problem: Problem): TrainingText => {
    const solution = task.solution(problem);
    return { text: problem.prompt + solution, prompt: problem.prompt, solution };
  });
}
