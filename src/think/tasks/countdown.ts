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

/** 1 where all steps are right, use what is there and, once nothing is left to combine, reach the target; else 0. */
function judgeSteps({ numbers, target }: CountdownData, steps: readonly string[]): number {
  const left = [...numbers];
  for (const [at, step] of steps.entries()) {
    if (left.length === 1) return at === steps.length - 1 && left[0] === target && isAnswer(step, numbers, target) ? 1 : 0;
    const [, a, operator, b, result] = STEP.exec(step.trim()) ?? [];
    if (operator === undefined || calculate(Number(a), operator, Number(b)) !== Number(result)) return 0;
    if (!take(left, Number(a)) || !take(left, Number(b))) return 0;
    left.push(Number(result));
  }
  return left.length > 1 || left[0] === target ? 1 : 0;
}

function isAnswer(text: string, numbers: readonly number[], target: number): boolean {
  const read = parseExpression(text);
  return read !== undefined && sameNumbers(read.numbers, numbers) && equalsInteger(read.value, target);
}

function take(from: number[], number: number): boolean {
  const at = from.indexOf(number);
  if (at >= 0) from.splice(at, 1);
  return at >= 0;
}
