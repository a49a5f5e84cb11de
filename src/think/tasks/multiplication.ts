import type { ArithmeticOptions, Operands } from "./addition.ts";
import { equationSteps, readResult, writeResult } from "./arithmetic-text.ts";
import { generatedProblems } from "./generated-problems.ts";
import type { Problem, Task } from "./task.ts";

/** Products of two numbers of so many digits: `12*34=`. */
export function multiplication(name: string, { digits, format }: ArithmeticOptions): Task<Operands> {
  const [least, most] = [10 ** (digits - 1), 10 ** digits - 1];
  return {
    name, verifiedBy: "question",
    instruction: "Multiply the two numbers. Write the product in digits, and nothing else.",
    length: format === "scratchpad" ? 2 * digits * (6 * digits + 4) : 2 * digits + 1,
    problems: async (split, choice) => generatedProblems(name, split, choice, (draws) => {
      const [left, right] = [draws.between(least, most), draws.between(least, most)];
      return { key: `${Math.min(left, right)}*${Math.max(left, right)}`, prompt: `${left}*${right}=${format === "scratchpad" ? "\n" : ""}`, data: { left, right } };
    }),
    solution: ({ data }) => writeResult(data.left * data.right, format, () => partialProducts(data)),
    parse: (text) => readResult(text, format),
    verify: ({ data: { left, right } }: Problem<Operands>, answer) => answer === String(left * right),
    ...(format === "scratchpad" && { steps: equationSteps }),
  };
}

/** The left number times each digit of the right one, from its last, and their running sum. */
function partialProducts({ left, right }: Operands): string[] {
  const lines: string[] = [];
  let total = 0;
  [...String(right)].reverse().forEach((digit, place) => {
    const partial = Number(digit) * 10 ** place;
    lines.push(`${left}*${partial}=${left * partial}`);
    if (place > 0) lines.push(`${total}+${left * partial}=${total + left * partial}`);
    total += left * partial;
  });
  return lines;
}
