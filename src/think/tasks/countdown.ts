import { lastLine } from "./arithmetic-text.ts";
import type { Draws } from "./draws.ts";
import { equalsInteger, formatFraction, parseExpression } from "./expression.ts";
import { generatedProblems } from "./generated-problems.ts";
import type { Problem, Task } from "./task.ts";

export interface CountdownData {
  readonly numbers: readonly number[];
  readonly target: number;
  /** One way to the target: its steps, and the whole as one expression. */
  readonly steps: readonly string[];
  readonly expression: string;
}

export interface CountdownOptions {
  /** How many there are. */
  readonly numbers: number;
  /** The largest number and the largest target. */
  readonly largest: number;
}

/** A target to be reached from numbers with + - * /, each number used once: `3 25 7 > 54`, two steps, `(25-7)*3`. */
export function countdown(name: string, { numbers, largest }: CountdownOptions): Task<CountdownData> {
  return {
    name, verifiedBy: "question",
    instruction: "Reach the target with + - * / and parentheses, using each number exactly once. Write the expression alone on the last line.",
    length: numbers * 20,
    problems: async (split, choice) => generatedProblems(name, split, choice, (draws) => drawProblem(draws, numbers, largest)),
    solution: ({ data: { steps, expression } }) => [...steps, expression].join("\n"),
    parse(text) {
      const line = lastLine(text).trim();
      return parseExpression(line) === undefined ? undefined : line;
    },
    verify({ data }: Problem<CountdownData>, answer) {
      const read = parseExpression(answer);
      return read !== undefined && sameNumbers(read.numbers, data.numbers) && equalsInteger(read.value, data.target);
    },
    // Ways to one value are one answer; what breaks the rules is another than what keeps them.
    meaning({ data }, answer) {
      const read = parseExpression(answer);
      const value = read?.value === undefined ? "none" : formatFraction(read.value);
      return read !== undefined && sameNumbers(read.numbers, data.numbers) ? value : `${value}, against the rules`;
    },
    steps: { separator: "\n", verify: ({ data }, steps) => judgeSteps(data, steps) },
  };
}

interface Part {
  readonly value: number;
  readonly text: string;
  /** Whether it is a sum or a difference, which needs parentheses within a product. */
  readonly loose: boolean;
}

/** Combines random numbers at random; results stay whole and positive. */
function drawProblem(draws: Draws, count: number, largest: number): Problem<CountdownData> | undefined {
  const numbers = Array.from({ length: count }, () => draws.between(1, largest));
  let parts = numbers.map((value): Part => ({ value, text: String(value), loose: false }));
  const steps: string[] = [];
  while (parts.length > 1) {
    const [first, second] = [draws.pick(parts), draws.pick(parts)];
    if (first === second) continue;
    const operator = draws.pick(["+", "-", "*", "/"]);
    const result = calculate(first.value, operator, second.value);
    if (result === undefined || (operator === "*" && result > largest ** 2)) return undefined;
    steps.push(`${first.value}${operator}${second.value}=${result}`);
    const combined = { value: result, text: written(first, operator, second), loose: operator === "+" || operator === "-" };
    parts = [...parts.filter((part) => part !== first && part !== second), combined];
  }
  const [whole] = parts;
  if (whole === undefined || whole.value > largest) return undefined;
  const key = `${[...numbers].sort((a, b) => a - b).join(" ")} > ${whole.value}`;
  return { key, prompt: `${numbers.join(" ")} > ${whole.value}\n`, data: { numbers, target: whole.value, steps, expression: whole.text } };
}

function written(first: Part, operator: string, second: Part): string {
  const product = operator === "*" || operator === "/";
  const left = product && first.loose ? `(${first.text})` : first.text;
  const right = (product || operator === "-") && (second.loose || (product && /[*/]/.test(second.text))) ? `(${second.text})` : second.text;
  return left + operator + right;
}

/** A whole number above 0, or `undefined`. */
function calculate(a: number, operator: string, b: number): number | undefined {
  const result = operator === "+" ? a + b : operator === "-" ? a - b : operator === "*" ? a * b : a / b;
  return Number.isInteger(result) && result > 0 ? result : undefined;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  const inOrder = (numbers: readonly number[]): string => [...numbers].sort((x, y) => x - y).join(" ");
  return inOrder(a) === inOrder(b);
}

const STEP = /^(\d+)([-+*/])(\d+)=(\d+)$/;

/** A number that is there to be combined: as it is called in the steps, and how it came about. */
interface Combined {
  readonly called: number;
  readonly expression: string;
}

/** Of steps that combine what is there, one of which is miscalculated: the expression that they lead to may still be right. */
const MISCALCULATED = 0.5;

/** 1 where all steps are right; 0 where one combines what is not there, or all together miss the target. */
function judgeSteps({ numbers, target }: CountdownData, steps: readonly string[]): number {
  const left = numbers.map((number): Combined => ({ called: number, expression: String(number) }));
  let score = 1;
  for (const [at, step] of steps.entries()) {
    if (left.length === 1) return at === steps.length - 1 && isAnswer(step, numbers, target) ? 1 : 0;
    const [, first, operator, second, result] = STEP.exec(step.trim()) ?? [];
    if (operator === undefined) return 0;
    const [a, b] = [take(left, Number(first)), take(left, Number(second))];
    if (a === undefined || b === undefined) return 0;
    if (calculate(a.called, operator, b.called) !== Number(result)) score = MISCALCULATED;
    left.push({ called: Number(result), expression: `(${a.expression})${operator}(${b.expression})` });
  }
  const [whole, ...others] = left;
  if (whole === undefined || others.length > 0) return score;
  return equalsInteger(parseExpression(whole.expression)?.value, target) ? score : 0;
}

function isAnswer(text: string, numbers: readonly number[], target: number): boolean {
  const read = parseExpression(text);
  return read !== undefined && sameNumbers(read.numbers, numbers) && equalsInteger(read.value, target);
}

function take(from: Combined[], number: number): Combined | undefined {
  const at = from.findIndex(({ called }) => called === number);
  return at < 0 ? undefined : from.splice(at, 1)[0];
}
