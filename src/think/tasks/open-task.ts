import { z } from "zod";
import { suggestion } from "../../train/config/suggest.ts";
import { ThinkError } from "../think-error.ts";
import { addition } from "./addition.ts";
import { arithmeticFormats } from "./arithmetic-text.ts";
import { countdown } from "./countdown.ts";
import { multiplication } from "./multiplication.ts";
import { scan, scanSplits } from "./scan.ts";
import { sudoku } from "./sudoku.ts";
import type { Task } from "./task.ts";
import { wordProblems } from "./word-problems.ts";

/** A kind of task: what it is about, and which options it takes. */
export interface TaskKind {
  readonly description: string;
  /** Each option with what it means. */
  readonly options: Readonly<Record<string, string>>;
  /** @throws z.ZodError where an option is not valid */
  open(name: string, options: Readonly<Record<string, string>>): Task;
}

const whole = (least: number, most: number, standard: number) => z.coerce.number().int().min(least).max(most).default(standard);
const file = (example: string) => z.string({ error: `it must be given, as in ${example}` }).min(1);

function kind<Shape extends z.ZodRawShape>(description: string, shape: Shape, create: (name: string, options: z.output<z.ZodObject<Shape>>) => Task): TaskKind {
  const options = Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, z.globalRegistry.get(field)?.description ?? ""]));
  return { description, options, open: (name, given) => create(name, z.object(shape).parse(given)) };
}

const arithmetic = (most: number, digits: number) => ({
  digits: whole(1, most, digits).describe(`of each number (default: ${digits})`),
  format: z.enum(arithmeticFormats).default("reversed").describe(`${arithmeticFormats.join(", ")} (default: reversed)`),
});

/** The tasks that there are, by the names that the command line knows them by. */
export const taskKinds: Readonly<Record<string, TaskKind>> = {
  addition: kind("sums of two numbers", arithmetic(15, 3), addition),
  multiplication: kind("products of two numbers", arithmetic(7, 2), multiplication),
  countdown: kind("a target from numbers, each used once", {
    numbers: whole(2, 6, 3).describe("how many (default: 3)"),
    largest: whole(9, 999, 99).describe("number and target (default: 99)"),
  }, countdown),
  scan: kind("SCAN's commands to actions", {
    folder: file("scan:folder=data/scan").describe("of SCAN's files"),
    split: z.enum(scanSplits).default("simple").describe(`${scanSplits.join(", ")} (default: simple)`),
    jumps: whole(0, 7706, 0).describe("with split=addprim_jump: different commands that jump is part of, added to training as often as jump alone (default: 0)"),
  }, scan),
  sudoku: kind("Sudoku of 4 by 4", { givens: whole(4, 15, 7).describe("cells that are shown (default: 7)") }, sudoku),
  "word-problems": kind("word problems in GSM8K's format", {
    file: file("word-problems:file=data/gsm8k/test.jsonl").describe("of problems, a JSON object a line"),
    whole: z.enum(["train", "validation", "test", "none"]).default("test").describe("the split that all its problems are in, or none: by a hash of each (default: test)"),
  }, wordProblems),
};

/**
 * Opens a task by its name, with options after a colon: `addition`, `addition:digits=4,format=plain`.
 *
 * @throws ThinkError where there is no such task or option
 */
export function openTask(text: string): Task {
  const [name = "", ...rest] = text.split(":");
  const found = Object.hasOwn(taskKinds, name) ? taskKinds[name] : undefined;
  if (found === undefined) throw new ThinkError(`There is no task "${name}"; ${suggestion(name, Object.keys(taskKinds))}`);
  const options = readOptions(text, rest.join(":"), Object.keys(found.options));
  try {
    return found.open(text, options);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    throw new ThinkError(`The option "${issue?.path.join(".")}" of ${name} does not fit: ${issue?.message}.`, { cause: error });
  }
}

function readOptions(text: string, options: string, known: readonly string[]): Record<string, string> {
  return Object.fromEntries(options.split(",").filter((option) => option !== "").map((option): [string, string] => {
    const [name = "", ...value] = option.split("=");
    if (value.length === 0) throw new ThinkError(`"${option}" in ${text} is not an option of the form name=value.`);
    if (!known.includes(name)) throw new ThinkError(`${text} has no option "${name}"; ${suggestion(name, known)}`);
    return [name, value.join("=")];
  }));
}
