import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { parseExpression } from "./expression.ts";
import { splitOf } from "./generated-problems.ts";
import { openTask } from "./open-task.ts";
import type { Split } from "./task.ts";
import { trainingTexts } from "./training-text.ts";

const shared = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const generated = [
  "addition", "addition:format=plain,digits=5", "addition:format=scratchpad", "multiplication", "multiplication:format=scratchpad,digits=3",
  "countdown", "countdown:numbers=4", "sudoku", "sudoku:givens=10",
];

describe.each(generated)("%s", (name) => {
  const task = openTask(name);

  it("accepts its own solutions, whole and step by step, and they fit its length", async () => {
    for (const problem of await task.problems("train", { seed: 3, count: 60 })) {
      const solution = task.solution(problem);
      expect(solution.length).toBeLessThanOrEqual(task.length);
      const answer = task.parse(solution);
      expect(answer).toBeDefined();
      expect(await task.verify(problem, answer ?? "")).toBe(true);
      if (task.steps === undefined) continue;
      const steps = solution.split(task.steps.separator);
      for (let count = 1; count <= steps.length; count++) expect(task.steps.verify(problem, steps.slice(0, count))).toBe(1);
    }
  });

  it("has no test problem among those of training, whatever the seeds", async () => {
    const keys = async (split: Split, seed: number): Promise<string[]> => (await task.problems(split, { seed, count: 100 })).map(({ key, family = key }) => family);
    const train = new Set([...await keys("train", 1), ...await keys("train", 2)]);
    expect((await keys("test", 5)).some((key) => train.has(key))).toBe(false);
    expect((await keys("validation", 5)).some((key) => train.has(key))).toBe(false);
  });

  it("gives distinct problems, the same for the same seed", async () => {
    const prompts = (await task.problems("test", { seed: 9, count: 50 })).map(({ prompt }) => prompt);
    expect(new Set(prompts).size).toBe(50);
    expect((await task.problems("test", { seed: 9, count: 50 })).map(({ prompt }) => prompt)).toEqual(prompts);
  });
});

it("keeps a sum and its mirror image on one side", async () => {
  const [problem] = await openTask("addition").problems("test", { seed: 1, count: 1 });
  const [left, right] = (problem?.prompt ?? "").replace("=", "").split("+").map(Number);
  expect(problem?.key).toBe(`${Math.min(left ?? 0, right ?? 0)}+${Math.max(left ?? 0, right ?? 0)}`);
  expect(splitOf({ key: problem?.key ?? "", prompt: "", data: undefined })).toBe("test");
});

it("writes sums from the last digit on, and their working", async () => {
  const texts = async (name: string): Promise<string> => (await trainingTexts(openTask(name), "train", { seed: 1, count: 1 }))[0]?.text ?? "";
  const [, left = "", right = "", digits = ""] = /^(\d+)\+(\d+)=(\d+)$/.exec(await texts("addition")) ?? [];
  expect(Number([...digits].reverse().join(""))).toBe(Number(left) + Number(right));
  const lines = (await texts("addition:format=scratchpad")).split("\n");
  expect(lines).toHaveLength(1 + 3 + 1);
  expect(Number(lines.at(-1))).toBe(Number(left) + Number(right));
});

describe("expressions", () => {
  it.prop([fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom("+", "-", "*")), { minLength: 1, maxLength: 6 })])("are evaluated as JavaScript does, where that is exact", (parts) => {
    const text = parts.map(([number, operator], at) => (at === parts.length - 1 ? String(number) : `${number}${operator}`)).join("");
    const expected = runInNewContext(text) as number;
    expect(parseExpression(text)?.value).toEqual({ numerator: BigInt(expected), denominator: 1n });
  });

  it("are exact where floating point is not", () => {
    expect(parseExpression("1/3+1/3+1/3")?.value).toEqual({ numerator: 1n, denominator: 1n });
    expect(parseExpression("0.1+0.2")?.value).toEqual({ numerator: 3n, denominator: 10n });
    expect(parseExpression("6/(5-3)/-4")?.value).toEqual({ numerator: -3n, denominator: 4n });
  });

  it("have no value where they divide by zero, and are none where they are something else", () => {
    expect(parseExpression("7/(3-3)")).toEqual({ value: undefined, numbers: [7, 3, 3] });
    for (const text of ["", "1+", "(1", "1)", "1 2", "1+x", "()", "process.exit()", "(".repeat(10_000)]) expect(parseExpression(text)).toBeUndefined();
  });
});

describe("countdown", () => {
  const task = openTask("countdown");
  const problem = { key: "", prompt: "3 25 7 > 54\n", data: { numbers: [3, 25, 7], target: 54, steps: [], expression: "" } };
  const judge = (text: string) => task.verify(problem, task.parse(text) ?? "");

  it("takes any way to the target that uses each number once", () => {
    expect(judge("25-7=18\n18*3=54\n(25-7)*3")).toBe(true);
    expect(judge("3*25-3*7")).toBe(false); // 54, but 3 twice
    expect(judge("25*3-7")).toBe(false); // 68
    expect(judge("54")).toBe(false);
  });

  it("finds steps that cannot lead to the target", () => {
    const score = (...steps: string[]) => task.steps?.verify(problem, steps);
    expect(score("25-7=18")).toBe(1);
    expect(score("25-8=17")).toBe(0); // 8 is not there
    expect(score("25-7=18", "25*3=75")).toBe(0); // 25 is used up
    expect(score("25-7=18", "18+3=21")).toBe(0); // nothing is left, and it is not 54
    expect(score("25-7=18", "18*3=54", "(25-7)*3")).toBe(1);
  });

  it("judges miscalculated steps by the expression that they lead to", () => {
    const score = (...steps: string[]) => task.steps?.verify(problem, steps);
    expect(score("25-7=19")).toBe(0.5);
    expect(score("25-7=19", "19*3=57")).toBe(0.5); // (25-7)*3
    expect(score("25-7=18", "18+3=54")).toBe(0); // it is 21
    expect(score("25-7=19", "18*3=54")).toBe(0); // there is no 18
    expect(score("25-7=19", "19*3=54", "(25-7)*3")).toBe(1);
  });

  it("counts ways to one value as one answer", () => {
    expect(task.meaning?.(problem, "(25-7)*3")).toBe(task.meaning?.(problem, "3*(25-7)"));
    expect(task.meaning?.(problem, "3*25-3*7")).not.toBe(task.meaning?.(problem, "(25-7)*3"));
  });
});

describe("sudoku", () => {
  it("checks rows, columns and quarters", () => {
    const task = openTask("sudoku");
    const problem = { key: "", prompt: "", data: { puzzle: "1...............", grid: "" } };
    expect(task.verify(problem, "1234\n3412\n2143\n4321")).toBe(true);
    expect(task.verify(problem, "2143\n3412\n1234\n4321")).toBe(false); // the 1 that is shown
    expect(task.verify(problem, "1234\n2341\n3412\n4123")).toBe(false); // quarters
    expect(task.steps?.verify(problem, ["1234", "3412"])).toBe(1);
    expect(task.steps?.verify(problem, ["1234", "1342"])).toBe(0);
  });
});

describe.skipIf(!existsSync(shared))("published data (skipped where ../shared/data is absent)", () => {
  it("reads SCAN's splits as they are published", async () => {
    for (const [split, train, test] of [["simple", 16_728, 4_182], ["length", 16_990, 3_920], ["addprim_jump", 14_670, 7_706]] as const) {
      const task = openTask(`scan:folder=${shared}scan,split=${split}`);
      const everything = { seed: 1, count: 1e6 };
      const [learnt, held, unseen] = [await task.problems("train", everything), await task.problems("validation", everything), await task.problems("test", everything)];
      expect([learnt.length + held.length, unseen.length]).toEqual([train, test]);
      const [problem] = unseen;
      if (problem === undefined) throw new Error("There is a first problem.");
      expect(await task.verify(problem, task.parse(task.solution(problem)) ?? "")).toBe(true);
      const known = new Set([...learnt, ...held].map(({ key }) => key));
      expect(unseen.filter(({ key }) => known.has(key))).toEqual([]);
    }
  });

  it("finds the answer of every problem of GSM8K, and no fault in nearly all of their calculations", async () => {
    const task = openTask(`word-problems:file=${shared}gsm8k/test.jsonl`);
    const problems = await task.problems("test", { seed: 1, count: 2000 });
    expect(problems).toHaveLength(1319);
    let [steps, right] = [0, 0];
    for (const problem of problems) {
      expect(await task.verify(problem, task.parse(task.solution(problem)) ?? "")).toBe(true);
      for (const line of task.solution(problem).split("\n")) [steps, right] = [steps + 1, right + (task.steps?.verify(problem, [line]) ?? 0)];
    }
    expect(right / steps).toBeGreaterThan(0.9);
    expect(task.parse("So she has $1,234.50 left.")).toBe("1234.5");
    expect(task.parse("It is 7.\n#### 1,000 of 5")).toBe("1000");
    expect(task.parse("I do not know.")).toBeUndefined();
  });
});

describe("errors name what is wrong", () => {
  it.each([
    ["additoin", /no task "additoin"; did you mean "addition"/],
    ["addition:digit=3", /no option "digit"; did you mean "digits"/],
    ["addition:digits=99", /"digits" of addition does not fit/],
    ["addition:reversed", /not an option of the form name=value/],
    ["scan", /"folder" of scan does not fit: it must be given/],
  ])("%s", (name, message) => {
    expect(() => openTask(name)).toThrow(message);
  });

  it("too few problems", async () => {
    await expect(openTask("addition:digits=1").problems("test", { seed: 1, count: 1000 })).rejects.toThrow(/hardly more than \d+ problems in its test split, but 1000/);
  });
});
