import { expect, test } from "vitest";
import { LstmLm } from "../../models/lstm-lm.ts";
import { learningRate } from "../../optim/schedules.ts";
import { resolveTextRun } from "./text.ts";
import { zaremba2014 } from "./presets.ts";

/** Section 4.1: "the medium LSTM has 650 units per layer", "the large LSTM has 1500"; 10,000 words, two layers. */
test.each([["small", 200], ["medium", 650], ["large", 1500]] as const)("%s has the weights of its paper, and its rate falls when it says", (size, hidden) => {
  const { model, training } = resolveTextRun({
    name: "x", data: { kind: "text", files: ["a"] }, tokenizer: { kind: "word" }, ...zaremba2014(size),
  });
  if (model.kind !== "lstm-lm") throw new Error("The preset is a recurrent model.");
  const parameters = new LstmLm({ ...model, vocabulary: 10_000 }).parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  // embedding, two layers of [x; h] to four gates with biases, output with biases
  expect(parameters).toBe(10_000 * hidden + 2 * (2 * hidden * 4 * hidden + 4 * hidden) + 10_000 * hidden + 10_000);
  const rate = (epoch: number): number => learningRate(training.schedule, training.optimizer.learningRate, { step: 0, totalSteps: 1, epoch, reductions: 0 });
  const constant = { small: 4, medium: 6, large: 14 }[size];
  expect(rate(constant - 0.01)).toBe(training.window);
  expect(rate(constant + 1) / rate(constant)).toBeCloseTo({ small: 1 / 2, medium: 1 / 1.2, large: 1 / 1.15 }[size], 12);
});
