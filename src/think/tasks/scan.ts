import { access } from "node:fs/promises";
import { join } from "node:path";
import { permutation } from "../../data/shuffle.ts";
import { readLines } from "../../data/text-file.ts";
import { ThinkError } from "../think-error.ts";
import { chosenProblems, splitOf } from "./generated-problems.ts";
import { scanCommands, type ScanCommand } from "./scan-grammar.ts";
import type { Problem, Split, Task } from "./task.ts";

export const scanSplits = ["simple", "length", "addprim_jump"] as const;

export interface ScanOptions {
  readonly split: (typeof scanSplits)[number];
  /** Holds `tasks_train_simple.txt` and the like, plain or ending in `.gz`. */
  readonly folder: string;
  /** Different commands with "jump" in them that training problems of "addprim_jump" are given beside; the test goes without them. */
  readonly jumps: number;
}

interface Actions {
  readonly actions: string;
}

/** Commands of navigation to actions (Lake and Baroni 2018), split as they are published. */
export function scan(name: string, { split: published, folder, jumps }: ScanOptions): Task<Actions> {
  const added = drawnJumps(name, published, jumps);
  const drawn = new Set(added.map(({ key }) => key));
  return {
    name, verifiedBy: "reference",
    instruction: "Translate the command into SCAN's actions, such as I_TURN_LEFT I_JUMP. Write the actions alone, with spaces between.",
    length: 800,
    async problems(split, choice) {
      const file = await findFile(folder, `tasks_${split === "test" ? "test" : "train"}_${published}.txt`);
      const problems = (await readLines(file)).map((line, at) => readProblem(line, `${file}, line ${at + 1},`));
      const own = problems.filter((problem) => isIn(problem, split) && !drawn.has(problem.key));
      return chosenProblems(split === "train" ? [...own, ...asOftenAsJump(added, own)] : own, choice);
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

/** Targeted examples: commands that show how "jump" goes together with other words, drawn from the grammar. */
function drawnJumps(name: string, published: ScanOptions["split"], jumps: number): Problem<Actions>[] {
  if (jumps === 0) return [];
  if (published !== "addprim_jump") throw new ThinkError(`${name}: jumps= shows what split=addprim_jump keeps back; give that split, or leave it out.`);
  const composed = scanCommands().filter(({ command }) => command !== "jump" && command.includes("jump"));
  return Array.from(permutation(composed.length, 1, 0).subarray(0, jumps)).flatMap((at) => composed[at] ?? []).map(problemOf);
}

/** The primitive makes a tenth of the published training commands; what is added is repeated until it does too. */
function asOftenAsJump(added: readonly Problem<Actions>[], problems: readonly Problem[]): Problem<Actions>[] {
  const alone = problems.filter(({ key }) => key === "jump").length;
  return Array.from({ length: added.length === 0 ? 0 : Math.max(alone, added.length) }, (_, at) => added[at % added.length]).filter((problem) => problem !== undefined);
}

async function findFile(folder: string, name: string): Promise<string> {
  for (const file of [join(folder, name), join(folder, `${name}.gz`)]) {
    if (await access(file).then(() => true, () => false)) return file;
  }
  throw new ThinkError(`${folder} has neither ${name} nor ${name}.gz; get SCAN's files from brendenlake/SCAN and name their folder, as in scan:folder=data/scan.`);
}

function readProblem(line: string, place: string): Problem<Actions> {
  const [, command, actions] = /^IN: (.+?) OUT: (.+)$/.exec(line) ?? [];
  if (command === undefined || actions === undefined) throw new ThinkError(`${place} is not of the form "IN: … OUT: …"; is it a file of SCAN?`);
  return problemOf({ command, actions: actions.trim() });
}

function problemOf({ command, actions }: ScanCommand): Problem<Actions> {
  return { key: command, prompt: `IN: ${command} OUT:`, data: { actions } };
}
