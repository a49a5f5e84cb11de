import { openTask } from "../../think/tasks/open-task.ts";
import type { Problem, Task } from "../../think/tasks/task.ts";
import { ThinkError } from "../../think/think-error.ts";
import { wholeQuestion, type ExamChoice, type ExamMaker, type Paper } from "./exam.ts";
import { formatTask, type NamedTask } from "./task-options.ts";

/** What makes problems of a task harder by degrees. */
interface Degree {
  readonly option: string;
  /** Where the task's name gives none. */
  readonly standard: number;
}

/** The tasks whose problems come in degrees. */
export const degrees: Readonly<Record<string, Degree>> = {
  addition: { option: "digits", standard: 3 },
  multiplication: { option: "digits", standard: 2 },
  countdown: { option: "numbers", standard: 3 },
  sudoku: { option: "givens", standard: 7 },
};

/** Of a degree with fewer different problems nothing is said. */
const LEAST = 20;

/**
 * Problems of the degree that a run was trained on, as the task's name says, and of degrees above and below, which are
 * not like training: longer and shorter numbers, more and fewer of them.
 */
export function longerExam(named: NamedTask, { option, standard }: Degree): ExamMaker {
  return async ({ learned = [] }, choice) => {
    openTask(formatTask(named));
    const known = new Set(learned);
    const trained = Number(named.options.get(option) ?? standard);
    const papers: Paper[] = [];
    let seen = 0;
    for (let degree = trained - choice.beyond; degree <= trained + choice.beyond; degree++) {
      const task = opened(formatTask(named, { [option]: String(degree) }));
      if (task === undefined) continue;
      const group = { by: option, label: String(degree), order: degree };
      const drawn = await asManyAs(task, choice);
      const problems = drawn.filter(({ prompt }) => !known.has(prompt));
      seen += drawn.length - problems.length;
      papers.push({ task, questions: problems.map((problem) => wholeQuestion(problem, degree === trained ? "in" : "out", group)) });
    }
    return { papers: papers.filter(({ questions }) => questions.length > 0), trainedOn: `${option} ${trained}, as the task says`, seen };
  };
}

/** `undefined` where the task has no such degree. */
function opened(name: string): Task | undefined {
  try {
    return openTask(name);
  } catch (error) {
    if (error instanceof ThinkError) return undefined;
    throw error;
  }
}

/** Test problems: half as many, again and again, where there are too few. */
async function asManyAs(task: Task, { seed, problems = 1_000 }: ExamChoice): Promise<Problem[]> {
  for (let count = problems; count >= Math.min(LEAST, problems); count = Math.floor(count / 2)) {
    try {
      return await task.problems("test", { seed, count });
    } catch (error) {
      if (!(error instanceof ThinkError)) throw error;
    }
  }
  return [];
}
