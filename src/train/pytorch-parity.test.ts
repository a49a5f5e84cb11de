import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readSafetensors, type TensorData } from "../data/safetensors.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { Gpt } from "../models/gpt.ts";
import { Seq2SeqLstm } from "../models/seq2seq-lstm.ts";
import { pairTask } from "./pair-task.ts";
import { textTask } from "./text-task.ts";
import { TrainingPrograms } from "./training-programs.ts";
import type { TrainingTask } from "./training-task.ts";

type Recording = ReadonlyMap<string, TensorData>;
type Integers = { readonly data: Int32Array; readonly shape: readonly number[] };

/** What fixtures/make-pytorch-losses.py wrote: weights, the batches of 50 steps, PyTorch's losses. */
function recording(name: string): Promise<Recording> {
  return readSafetensors(fileURLToPath(new URL(`./fixtures/pytorch-${name}.safetensors`, import.meta.url)));
}

function recorded(recording: Recording, name: string): TensorData {
  const tensor = recording.get(name);
  if (tensor === undefined) throw new Error(`The recording lacks "${name}".`);
  return tensor;
}

/** The integers of one step, of all that were recorded. */
function integers(recording: Recording, name: string, step: number): Integers {
  const { dtype, data, shape: [, ...shape] } = recorded(recording, name);
  if (dtype !== "int32") throw new Error(`"${name}" holds no integers.`);
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { data: data.slice(step * size, (step + 1) * size), shape };
}

/** 1 for the first places of each row, as many as its length says. */
function judgedPlaces({ data: lengths }: Integers, time: number): Integers {
  const judged = new Int32Array(lengths.length * time);
  lengths.forEach((length, row) => judged.fill(1, row * time, row * time + length));
  return { data: judged, shape: [lengths.length, time] };
}

/** Trains from the recorded weights on the recorded batches; the mean loss of each step, nats a token. */
async function losses(
  recording: Recording, task: TrainingTask, feedsOf: (of: (name: string) => Integers) => Record<string, Integers>, learningRate: number,
): Promise<number[]> {
  const programs = await TrainingPrograms.compile(onnx({ threads: 1 }), task, {
    optimizer: { kind: "adamw", learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 }, accumulate: false,
  });
  for (const { name, shape } of task.model.parameters()) {
    const { data, shape: given } = recorded(recording, `weights.${name}`);
    expect(given, name).toEqual(shape);
    programs.state.write(name, data);
  }
  const means: number[] = [];
  for (let step = 0; step < recorded(recording, "losses").data.length; step++) {
    const targetTokens = integers(recording, "targetLengths", step).data.reduce((sum, length) => sum + length, 0);
    const feeds = feedsOf((name) => integers(recording, name, step));
    const { loss, squaredNorm } = await programs.addGradient({ feeds, tokens: targetTokens, targetTokens, sequences: 4 }, step, true);
    await programs.apply(Math.min(1 / targetTokens, 1 / Math.sqrt(squaredNorm)), learningRate); // the mean's gradient, clipped to 1
    means.push(loss / targetTokens);
  }
  await programs.dispose();
  return means;
}

function expectEqual(means: readonly number[], recording: Recording): void {
  const { data } = recorded(recording, "losses");
  expect(means).toHaveLength(50);
  expect(Math.max(...means.map((mean, step) => Math.abs(mean / (data[step] ?? NaN) - 1)))).toBeLessThan(1e-4);
}

test("a GPT's losses over 50 steps of AdamW are PyTorch's", async () => {
  const file = await recording("gpt");
  const model = new Gpt({
    vocabulary: 50, context: 12, layers: 2, dimension: 32, heads: 4, keyValueHeads: 4, feedForward: 128, activation: "gelu-tanh", normalization: "layer",
    epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: true,
  });
  const task = textTask(model, { labelSmoothing: 0, zLoss: 0, window: 12, carriedRows: undefined, separateDocuments: false });
  const means = await losses(file, task, (of) => ({ tokens: of("inputs"), targets: of("targets"), judged: judgedPlaces(of("targetLengths"), 12) }), 3e-3);
  expectEqual(means, file);
});

test("an LSTM encoder-decoder's losses over 50 steps of AdamW are PyTorch's", async () => {
  const file = await recording("lstm");
  const model = new Seq2SeqLstm({
    sourceVocabulary: 40, targetVocabulary: 50, encoderLayers: 2, decoderLayers: 2, hidden: 16, embedding: 16, bidirectional: false, attention: "general",
    inputFeeding: false, dropout: 0, residual: false, tiedEmbeddings: "none", bias: true, forgetBias: 1, initialization: { kind: "glorot" },
  });
  const means = await losses(file, pairTask(model, { labelSmoothing: 0 }), (of) => ({
    source: of("source"), sourceLengths: of("sourceLengths"), targetInput: of("inputs"), targetOutput: of("targets"), targetLengths: of("targetLengths"),
  }), 1e-2);
  expectEqual(means, file);
});
