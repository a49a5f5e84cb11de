import { equationSteps, readResult, writeResult, type ArithmeticFormat } from "./arithmetic-text.ts";
import { generatedProblems } from "./generated-problems.ts";
import type { Problem, Task } from "./task.ts";

export interface Operands {
  readonly left: number;
  readonly right: number;
}

export interface ArithmeticOptions {
  /** Of each operand. */
  readonly digits: number;
  readonly format: ArithmeticFormat;
}

/** Sums of two numbers of so many digits: `123+456=`. */
export function addition(name: string, { digits, format }: ArithmeticOptions): Task<Operands> {
  const [least, most] = [10 ** (digits - 1), 10 ** digits - 1];
  return {
    name, verifiedBy: "question",
    instruction: "Add the two numbers. Write the sum in digits, and nothing else.",
    length: format === "scratchpad" ? (digits + 1) * (digits + 8) : digits + 2,
    problems: async (split, choice) => generatedProblems(name, split, choice, (draws) => {
      const [left, right] = [draws.between(least, most), draws.between(least, most)];
      return { key: `${Math.min(left, right)}+${Math.max(left, right)}`, prompt: `${left}+${right}=${format === "scratchpad" ? "\n" : ""}`, data: { left, right } };
    }),
    solution: ({ data }) => writeResult(data.left + data.right, format, () => columns(data)),
    parse: (text) => readResult(text, format),
    verify: ({ data: { left, right } }: Problem<Operands>, answer) => answer === String(left + right),
    ...(format === "scratchpad" && { steps: equationSteps }),
  };
}

/** Column by column from the last: digit + digit + carry = sum. */
function columns({ left, right }: Operands): string[] {
  const lines: string[] = [];
  for (let [a, b, carry] = [left, right, 0]; a > 0 || b > 0; [a, b] = [Math.floor(a / 10), Math.floor(b / 10)]) {
    const sum = (a % 10) + (b % 10) + carry;
    lines.push(`${a % 10}+${b % 10}+${carry}=${sum}`);
    carry = sum > 9 ? 1 : 0;
  }
  return lines;
}
