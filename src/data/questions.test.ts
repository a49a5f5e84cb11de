import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readQuestions } from "./questions.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-questions-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(lines: readonly unknown[], name = "q.jsonl"): Promise<unknown[]> {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  const file = join(folder, name);
  await writeFile(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return (await readQuestions(file)).map(({ prompt, choices, answer }) => [prompt, choices, answer]);
}

test.each([
  ["its own form", { question: "sky?", choices: ["blue", "red"], answer: 1 }, ["sky?", ["blue", "red"], 1]],
  ["a letter", { prompt: "sky?", choices: ["blue", "red"], gold: "B" }, ["sky?", ["blue", "red"], 1]],
  // Fields as in the data sets' own files.
  ["HellaSwag", { ind: 4, ctx: "A man", ctx_a: "A man", endings: ["a", "b", "c", "d"], label: "3" }, ["A man", ["a", "b", "c", "d"], 3]],
  ["PIQA", { goal: "sep", sol1: "one", sol2: "two", label: 0 }, ["sep", ["one", "two"], 0]],
  ["ARC", { question: "Q", choices: { text: ["x", "y", "z"], label: ["1", "2", "3"] }, answerKey: "2" }, ["Q", ["x", "y", "z"], 1]],
])("reads %s", async (_name, record, expected) => {
  expect(await read(["", record, "", record])).toEqual([expected, expected]);
  expect(await read([record], "q.jsonl.gz")).toEqual([expected]);
});

test.each([
  ["{", /line 2 is not JSON/],
  [{ choices: ["a", "b"], answer: 0 }, /line 2 has none of the fields question, prompt, context, ctx, goal/],
  [{ question: "q", context: "c", choices: ["a", "b"], answer: 0 }, /has both "question" and "context"/],
  [{ question: 3, choices: ["a", "b"], answer: 0 }, /"question" that is of type number/],
  [{ question: "q", choices: "a", answer: 0 }, /"choices" is "a"; a list of choices/],
  [{ question: "q", choices: ["a", ""], answer: 0 }, /each a text that is not empty/],
  [{ question: "q", choices: ["a", 3], answer: 0 }, /each a text that is not empty/],
  [{ question: "q", choices: ["a"], answer: 0 }, /there is one choice; a question has at least two/],
  [{ question: "q", choices: [], answer: 0 }, /there are no choices/],
  [{ question: "q", choices: ["a", "b"], answer: 2 }, /line 2: "answer" is 2, which names none of the 2 choices; give a number from 0 to 1, or a label: A, B\./],
  [{ question: "q", choices: ["a", "b"], answer: -1 }, /names none of the 2 choices/],
  [{ question: "q", choices: ["a", "b"], label: "" }, /"label" is "", which names none/],
  [{ question: "q", choices: { text: ["a", "b"], label: ["A"] }, answer: 0 }, /a list of choices was expected/],
])("refuses %j, and names the line", async (record, message) => {
  await expect(read([{ question: "q", choices: ["a", "b"], answer: 0 }, record])).rejects.toThrow(message);
});

test("refuses what holds no question", async () => {
  await expect(read([])).rejects.toThrow(/q\.jsonl holds no question/);
  await expect(read(["", " "])).rejects.toThrow(/holds no question/);
  await expect(readQuestions(join(folder, "nowhere.jsonl"))).rejects.toThrow(/does not exist/);
});
