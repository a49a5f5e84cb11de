import { expect, test } from "vitest";
import { ScriptedSampler } from "../fixtures/scripted-sampler.ts";
import { wordTask } from "../fixtures/word-task.ts";
import type { TrainingText } from "../tasks/training-text.ts";
import { star } from "./star.ts";

test("keeps the different right attempts of each problem, and gives worked solutions where that is asked for", async () => {
  // Even problems are solved in two ways, each by a half of the attempts that are right; odd ones never are.
  const sampler = new ScriptedSampler((prompt) => (Number(prompt[0]) % 2 === 0 ? [["right", 0.3], ["so: right", 0.3], ["wrong", 0.4]] : [["wrong", 1]]));
  const problems = await wordTask.problems("train", { seed: 1, count: 4 });
  const run = async (rationalize: boolean) => {
    const texts: TrainingText[] = [];
    const report = await star(wordTask, problems, sampler, {
      samples: 40, temperature: 1, seed: 1, rationalize, onSolutions: (solutions) => void texts.push(...solutions),
    });
    return { report, texts };
  };
  const plain = await run(false);
  const twoWays = (prompt: string) => ["right", "so: right"].map((solution) => ({ text: prompt + solution, prompt, solution }));
  const inOrder = (texts: readonly TrainingText[]) => [...texts].sort((a, b) => a.text.localeCompare(b.text));
  expect(inOrder(plain.texts)).toEqual([...twoWays("0?"), ...twoWays("2?")]);
  expect(plain.report).toMatchObject({ problems: 4, attempts: 160, solved: 2, solutions: 4, rationalized: 0 });
  expect(Math.abs(plain.report.correct - 48)).toBeLessThan(15); // 80 · 0.6, within 3 standard deviations
  const rationalized = await run(true);
  expect(rationalized.report).toEqual({ ...plain.report, rationalized: 2 });
  expect(inOrder(rationalized.texts).map(({ text }) => text)).toEqual(["0?right", "0?so: right", "1?right", "2?right", "2?so: right", "3?right"]);
});

test("leaves out what was cut off, right as it may look", async () => {
  const sampler = new ScriptedSampler(() => [["right right", 1]]);
  const problems = await wordTask.problems("train", { seed: 1, count: 1 });
  const options = { samples: 2, temperature: 1, seed: 1, rationalize: false, onSolutions: () => undefined };
  expect(await star(wordTask, problems, sampler, { ...options, maxTokens: 5 })).toMatchObject({ attempts: 2, correct: 0 });
  expect(await star(wordTask, problems, sampler, options)).toMatchObject({ attempts: 2, correct: 2 });
});
