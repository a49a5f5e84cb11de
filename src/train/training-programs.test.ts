import { describe, expect, test } from "vitest";
import { bindDimensions } from "../engines/dimensions.ts";
import { reference } from "../engines/reference/engine.ts";
import { inlineComposites } from "../graph/control.ts";
import { dimensionValue } from "../graph/dimension.ts";
import { flops } from "../graph/flops.ts";
import { gradients } from "../graph/gradients.ts";
import { int32, buildProgram } from "../graph/program.ts";
import { simplify } from "../graph/simplify.ts";
import { Gpt, type GptOptions } from "../models/gpt.ts";
import { LstmLm } from "../models/lstm-lm.ts";
import { textTask } from "./text-task.ts";
import { TrainingPrograms } from "./training-programs.ts";
import type { TrainingBatch, TrainingTask } from "./training-task.ts";

const [rows, window, vocabulary, dimension, layers] = [3, 20, 50, 16, 2];

const gpt = (options: Partial<GptOptions> = {}): Gpt => new Gpt({
  vocabulary, context: 256, layers, dimension, heads: 4, keyValueHeads: 4, feedForward: 64, activation: "gelu", normalization: "layer",
  epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: true, ...options,
});
const taskOf = (model: Gpt | LstmLm, length = window): TrainingTask => textTask(model, {
  labelSmoothing: 0, zLoss: 0, window: length, carriedRows: undefined, separateDocuments: false,
});
const batchOf = (length = window): TrainingBatch => {
  const tokens = { data: new Int32Array(rows * length), shape: [rows, length] };
  const count = rows * length;
  return {
    feeds: { tokens, targets: tokens, judged: { data: new Int32Array(count).fill(1), shape: [rows, length] } },
    tokens: count, targetTokens: count, sequences: rows,
  };
};

/** Of the loss and its gradient, as an engine computes them. */
function computed(task: TrainingTask, { feeds }: TrainingBatch): number {
  const program = buildProgram({ ...task.signature, seed: int32() }, ({ seed, ...batch }) => {
    const { loss } = task.trainingLoss(batch, seed);
    const slopes = gradients(loss, task.model.parameters().map(({ tensor }) => tensor));
    return { loss, ...Object.fromEntries(slopes.map((slope, at) => [`slope${at}`, slope])) };
  });
  return dimensionValue(flops(simplify(inlineComposites(program.fetches.map(({ tensor }) => tensor)))), bindDimensions(task.signature, feeds));
}

async function counted(task: TrainingTask, batch: TrainingBatch): Promise<number> {
  const programs = await TrainingPrograms.compile(reference(), task, { optimizer: { kind: "sgd", learningRate: 1, momentum: 0 }, accumulate: false });
  const count = programs.flops(batch);
  await programs.dispose();
  return count;
}

const tokens = rows * window;
/** Scores, and what is attended to, of all heads: every query with every key. */
const attention = layers * rows * 2 * (2 * window * window * dimension);

describe("operations of a batch are three times those of the forward pass", () => {
  const lstm = new LstmLm({ vocabulary, layers, hidden: 24, embedding: dimension, dropout: 0, tiedEmbeddings: false, forgetBias: 1, range: 0.1 });

  test.each([
    ["GPT-2", gpt(), tokens * 2 * (layers * (4 * dimension ** 2 + 2 * dimension * 64) + dimension * vocabulary) + attention],
    // Two heads of keys and values for four of queries; three matrices in a feed-forward layer.
    ["Llama", gpt({ keyValueHeads: 2, activation: "swiglu", normalization: "rms", positions: "rotary", bias: false }),
      tokens * 2 * (layers * (2 * dimension ** 2 + 2 * dimension * (dimension / 2) + 3 * dimension * 64) + dimension * vocabulary) + attention],
    ["LSTM", lstm, tokens * 2 * (4 * 24 * (dimension + 24) + 4 * 24 * (24 + 24) + 24 * vocabulary)],
  ])("%s", async (_name, model, forward) => {
    const task = taskOf(model);
    expect(await counted(task, batchOf())).toBe(3 * forward);
    // An engine does as many, and for a bias of the output its gradient as a product of one row.
    expect(computed(task, batchOf())).toBe(3 * forward + (model === lstm ? 2 * tokens * vocabulary : 0));
  });

  test("what attention computes a second time is done, and not counted", async () => {
    const task = taskOf(gpt(), 256);
    // Blocks of 64 queries see 64, 128, 192 and 256 keys.
    const scores = layers * rows * 2 * dimension * 64 * (64 + 128 + 192 + 256);
    const forward = rows * 256 * 2 * (layers * (4 * dimension ** 2 + 2 * dimension * 64)) + 2 * scores;
    const output = 2 * 768 * dimension * vocabulary; // of 3 · 256 rows in four blocks of equal height
    expect(await counted(task, batchOf(256))).toBe(3 * (forward + output));
    expect(computed(task, batchOf(256))).toBe(3 * (forward + output) + scores);
  });
});
