import { jsonRecords, textField } from "../../data/documents/json-documents.ts";
import { chosenProblems, splitOf } from "./generated-problems.ts";
import { equationSteps } from "./arithmetic-text.ts";
import type { Problem, Task } from "./task.ts";

export interface WordProblem {
  /** The worked answer; its last line is `#### ` and the number. */
  readonly answer: string;
}

export interface WordProblemOptions {
  /** One `{"question": …, "answer": …}` a line, as in GSM8K (Cobbe et al. 2021). */
  readonly file: string;
  /** Whether all problems of the file belong to one split, as those of GSM8K's `test.jsonl` do; else their keys decide. */
  readonly whole: "train" | "validation" | "test" | "none";
}

/** The longest record of a file, in characters. */
const LONGEST = 100_000;

/** Word problems of grade-school arithmetic, in GSM8K's format. */
export function wordProblems(name: string, { file, whole }: WordProblemOptions): Task<WordProblem> {
  return {
    name, verifiedBy: "reference",
    instruction: "Solve the problem step by step. Write the final number alone on the last line, after ####.",
    length: 1500,
    async problems(split, choice) {
      const problems: Problem<WordProblem>[] = [];
      for await (const records of jsonRecords(file, LONGEST)) {
        problems.push(...records.map(({ record, line }) => readProblem(record, `${file}, line ${line},`)));
      }
      return chosenProblems(problems.filter((problem) => (whole === "none" ? splitOf(problem) : whole) === split), choice);
    },
    solution: ({ data: { answer } }) => answer,
    parse: readNumber,
    verify: ({ data }, answer) => answer === readNumber(data.answer),
    steps: { separator: "\n", verify: (problem, steps) => judgeCalculations(problem, steps.at(-1) ?? "") },
  };
}

function readProblem(record: object, place: string): Problem<WordProblem> {
  const question = textField(record, "question", place);
  return { key: question, prompt: `${question}\n`, data: { answer: textField(record, "answer", place) } };
}

const NUMBER = /-?\$?\d[\d,]*(?:\.\d+)?/g;

/** The number after ####, else the last one: without commas, signs of money and zeros that say nothing. */
function readNumber(text: string): string | undefined {
  const marked = text.split("####").at(1);
  const written = marked === undefined ? text.match(NUMBER)?.at(-1) : marked.match(NUMBER)?.at(0);
  const number = Number(written?.replaceAll(/[$,]/g, ""));
  return Number.isFinite(number) ? String(number) : undefined;
}

/** A line is wrong where an equation marked as GSM8K does, `<<16-3-4=9>>`, does not hold. */
function judgeCalculations(problem: Problem<WordProblem>, line: string): number {
  const marked = Array.from(line.matchAll(/<<([^<>]*=[^<>]*)>>/g), ([, equation = ""]) => equation);
  return marked.every((equation) => equationSteps.verify(problem, [equation]) === 1) ? 1 : 0;
}
