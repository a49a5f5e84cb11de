import { access } from "node:fs/promises";
import { join } from "node:path";
import { readLines } from "../../data/text-file.ts";
import { ThinkError } from "../think-error.ts";
import { chosenProblems, splitOf } from "./generated-problems.ts";
import type { Problem, Split, Task } from "./task.ts";

export const scanSplits = ["simple", "length", "addprim_jump"] as const;

export interface ScanOptions {
  readonly split: (typeof scanSplits)[number];
  /** Holds `tasks_train_simple.txt` and the like, plain or ending in `.gz`. */
  readonly folder: string;
}

/** Commands of navigation to actions (Lake and Baroni 2018), split as they are published. */
export function scan(name: string, { split: published, folder }: ScanOptions): Task<{ readonly actions: string }> {
  return {
    name, verifiedBy: "reference",
    instruction: "Translate the command into SCAN's actions, such as I_TURN_LEFT I_JUMP. Write the actions alone, with spaces between.",
    length: 800,
    async problems(split, choice) {
      const file = await findFile(folder, `tasks_${split === "test" ? "test" : "train"}_${published}.txt`);
      const problems = (await readLines(file)).map((line, at) => readProblem(line, `${file}, line ${at + 1},`));
      return chosenProblems(problems.filter((problem) => isIn(problem, split)), choice);
    },
    solution: ({ data: { actions } }) => ` ${actions}`,
    parse: (text) => text.trim().replaceAll(/\s+/g, " ") || undefined,
    verify: ({ data: { actions } }, answer) => answer === actions,
  };
}

/** What is published for training gives the problems of validation too. */
function isIn(problem: Problem, split: Split): boolean {
  return split === "test" || (splitOf(problem) === "validation") === (split === "validation");
}

async function findFile(folder: string, name: string): Promise<string> {
  for (const file of [join(folder, name), join(folder, `${name}.gz`)]) {
    if (await access(file).then(() => true, () => false)) return file;
  }
  throw new ThinkError(`${folder} has neither ${name} nor ${name}.gz; get SCAN's files from brendenlake/SCAN and name their folder, as in scan:folder=data/scan.`);
}

function readProblem(line: string, place: string): Problem<{ readonly actions: string }> {
  const [, command, actions] = /^IN: (.+?) OUT: (.+)$/.exec(line) ?? [];
  if (command === undefined || actions === undefined) throw new ThinkError(`${place} is not of the form "IN: … OUT: …"; is it a file of SCAN?`);
  return { key: command, prompt: `IN: ${command} OUT:`, data: { actions: actions.trim() } };
}
