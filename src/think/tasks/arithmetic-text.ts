/** How whole numbers and their working are written in tasks of arithmetic. */
import { formatFraction, parseExpression } from "./expression.ts";
import type { StepRule } from "./task.ts";

/**
 * `plain`: the result alone; `reversed`: the result from its last digit on, the order in which it is computed (Lee et al.
 * 2023, "Teaching Arithmetic to Small Transformers"); `scratchpad`: the working line by line, then the result.
 */
export const arithmeticFormats = ["plain", "reversed", "scratchpad"] as const;
export type ArithmeticFormat = (typeof arithmeticFormats)[number];

export function reversed(text: string): string {
  return [...text].reverse().join("");
}

/** What follows the prompt, where the working is known. */
export function writeResult(result: number, format: ArithmeticFormat, working: () => readonly string[]): string {
  switch (format) {
    case "plain":
      return String(result);
    case "reversed":
      return reversed(String(result));
    case "scratchpad":
      return [...working(), String(result)].join("\n");
    default:
      return format satisfies never;
  }
}

/** The result as people write it: of a scratchpad its last line. */
export function readResult(text: string, format: ArithmeticFormat): string | undefined {
  const digits = (format === "scratchpad" ? lastLine(text) : text).trim();
  if (!/^\d+$/.test(digits)) return undefined;
  return (format === "reversed" ? reversed(digits) : digits).replace(/^0+(?=\d)/, "");
}

export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

/** Each line of working is an equation, and holds. A line without = is the result, of which the working does not tell. */
export const equationSteps: StepRule = {
  separator: "\n",
  verify(_problem, steps) {
    const [left, right, ...more] = (steps.at(-1) ?? "").split("=");
    if (right === undefined) return /^\d+$/.test(left ?? "") ? 1 : 0;
    const [a, b] = [valueOf(left ?? ""), valueOf(right)];
    return more.length === 0 && a !== undefined && a === b ? 1 : 0;
  },
};

function valueOf(text: string): string | undefined {
  const value = parseExpression(text)?.value;
  return value && formatFraction(value);
}
