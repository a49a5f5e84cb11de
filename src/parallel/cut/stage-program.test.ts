import { describe, expect, test } from "vitest";
import type { NumericArray } from "../../engines/engine.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { Gpt } from "../../models/gpt.ts";
import { Seq2SeqLstm } from "../../models/seq2seq-lstm.ts";
import { Seq2SeqTransformer } from "../../models/seq2seq-transformer.ts";
import { pairTask } from "../../train/pair-task.ts";
import { textTask } from "../../train/text-task.ts";
import { TrainingPrograms } from "../../train/training-programs.ts";
import type { TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import { gradientVariable } from "../../train/update-program.ts";
import { activationBytes, parametersOf, stagePhases, type Backward } from "./stage-phases.ts";
import { StageProgram, type StageRecord } from "./stage-program.ts";
import { cutStages } from "./stages.ts";
import { trainingGraph } from "./task-graphs.ts";
import { modelUnits } from "./units.ts";

const int = (shape: number[], value: (at: number) => number): NumericArray<Int32Array> => (
  { shape, data: Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => value(at)) });

const pairs: TrainingBatch = {
  feeds: {
    source: int([3, 5], (at) => 3 + (at * 7) % 11), sourceLengths: int([3], (at) => 5 - at),
    targetInput: int([3, 4], (at) => 3 + (at * 5) % 11), targetOutput: int([3, 4], (at) => 3 + (at * 3) % 11), targetLengths: int([3], (at) => 4 - at),
  },
  tokens: 30, targetTokens: 9, sequences: 3,
};
const text: TrainingBatch = {
  feeds: { tokens: int([2, 6], (at) => (at * 7) % 13), targets: int([2, 6], (at) => (at * 5) % 13), judged: int([2, 6], () => 1) },
  tokens: 12, targetTokens: 12, sequences: 2,
};

const lstm = (options: Partial<ConstructorParameters<typeof Seq2SeqLstm>[0]> = {}): TrainingTask => pairTask(new Seq2SeqLstm({
  sourceVocabulary: 14, targetVocabulary: 14, encoderLayers: 3, decoderLayers: 2, hidden: 8, embedding: 8, bidirectional: true,
  attention: "general", inputFeeding: false, dropout: 0.2, residual: true, tiedEmbeddings: "none", bias: true, forgetBias: 1,
  initialization: { kind: "glorot" }, ...options,
}).seed(3), { labelSmoothing: 0.1 });
const transformer = pairTask(new Seq2SeqTransformer({
  sourceVocabulary: 14, targetVocabulary: 14, encoderLayers: 2, decoderLayers: 2, dimension: 8, heads: 2, feedForward: 16, activation: "relu",
  normalization: "pre", positions: { kind: "sinusoidal" }, dropout: 0.1, tiedEmbeddings: "all", bias: true,
}).seed(3), { labelSmoothing: 0.1 });
const gpt = textTask(new Gpt({
  vocabulary: 13, context: 6, layers: 3, dimension: 8, heads: 2, keyValueHeads: 2, feedForward: 16, activation: "gelu", normalization: "layer",
  epsilon: 1e-5, positions: "learned", rotaryBase: 1e4, dropout: 0.1, bias: true, tiedEmbeddings: true,
}).seed(3), { labelSmoothing: 0, zLoss: 1e-3, window: 6, carriedRows: undefined, separateDocuments: false });

const cases: [string, TrainingTask, TrainingBatch, string[]][] = [
  ["LSTM with attention", lstm(), pairs, [
    "sourceEmbedding", "encoder.0", "encoder.1", "encoder.2", "targetEmbedding", "decoder.0", "decoder.1", "attention", "output"]],
  ["LSTM as of 2014", lstm({ attention: "none", bidirectional: false, residual: false, decoderLayers: 3 }), pairs, [
    "sourceEmbedding", "encoder.0", "encoder.1", "encoder.2", "targetEmbedding", "decoder.0", "decoder.1", "decoder.2", "output"]],
  ["LSTM that is fed what it attended to", lstm({ inputFeeding: true }), pairs, [
    "sourceEmbedding", "encoder.0", "encoder.1", "encoder.2", "attention", "targetEmbedding", "output"]],
  ["Transformer", transformer, pairs, [
    "targetEmbedding", "encoder.0", "encoder.1", "encoderNorm", "decoder.0", "decoder.1", "decoderNorm", "output"]],
  ["GPT", gpt, text, ["tokenEmbedding", "blocks.0", "blocks.1", "blocks.2", "norm", "output"]],
];

async function wholeGradient(task: TrainingTask, batch: TrainingBatch): Promise<{ loss: number; gradients: Map<string, number[]> }> {
  const programs = await TrainingPrograms.compile(onnx({ threads: 1 }), task, { optimizer: { kind: "sgd", learningRate: 1, momentum: 0 }, accumulate: false });
  const { loss } = await programs.addGradient(batch, 5, true);
  return { loss, gradients: new Map(task.model.parameters().map((parameter) => [parameter.name, [...programs.state.read(gradientVariable(parameter).name)]])) };
}

async function cutGradient(task: TrainingTask, batch: TrainingBatch, stages: number, backward: Backward): Promise<{ loss: number; gradients: Map<string, number[]> }> {
  const engine = onnx({ threads: 1 });
  const state = engine.createState();
  const loss = trainingGraph(task);
  const units = modelUnits(loss);
  const stageOf = (layer: string): number => Math.floor(units.findIndex(({ layers }) => layers.includes(layer)) * stages / units.length);
  const programs: StageProgram[] = [];
  for (const graph of cutStages([loss], stages, stageOf)) {
    programs.push(await StageProgram.compile(engine, state, { signature: task.signature, graph, parameters: task.model.parameters(), backward }));
  }
  let passed: NumericArray[] = [];
  const records: StageRecord[] = [];
  for (const program of programs) {
    expect(passed.map(({ shape }) => shape)).toEqual(program.inputArrays(program.dimensions(batch.feeds)).map(({ shape }) => shape));
    const { outputs, record } = await program.forward(batch.feeds, 5, passed);
    records.push(record);
    passed = outputs;
  }
  const total = Number(passed[0]?.data[0]);
  let slopes: NumericArray[] = [];
  for (const [at, program] of [...programs.entries()].reverse()) {
    const record = records[at] ?? new Map<string, NumericArray>();
    slopes = await program.backwardByInputs(record, slopes);
    if (backward === "split") await program.backwardByWeights(record);
  }
  return { loss: total, gradients: new Map(task.model.parameters().map((parameter) => [parameter.name, [...state.read(gradientVariable(parameter).name)]])) };
}

describe.each(cases)("%s", (_name, task, batch, expected) => {
  test("what a stage holds of a batch is known beforehand", async () => {
    const engine = onnx({ threads: 1 });
    const state = engine.createState();
    const loss = trainingGraph(task);
    const units = modelUnits(loss);
    let passed: NumericArray[] = [];
    for (const graph of cutStages([loss], 2, (layer) => Number(units.findIndex(({ layers }) => layers.includes(layer)) >= units.length / 2))) {
      const parameters = task.model.parameters();
      const program = await StageProgram.compile(engine, state, { signature: task.signature, graph, parameters, backward: "whole" });
      const { outputs, record } = await program.forward(batch.feeds, 5, passed);
      passed = outputs;
      const held = [...record].flatMap(([name, { data }]) => (name === "seed" || Object.hasOwn(batch.feeds, name) ? [] : [data.byteLength]));
      const phases = stagePhases(graph, parametersOf(graph, parameters), "whole");
      expect(activationBytes(graph, phases, program.dimensions(batch.feeds))).toBe(held.reduce((sum, bytes) => sum + bytes, 0));
    }
  });

  test("has its layers as units", () => {
    expect(modelUnits(trainingGraph(task)).map(({ layers }) => layers.join("+"))).toEqual(expected);
  });

  test.each([[1, "whole"], [2, "whole"], [3, "split"], [expected.length, "split"]] as [number, Backward][])("%i stages, backward %s: loss and gradients of the whole", async (stages, backward) => {
    const whole = await wholeGradient(task, batch);
    const cut = await cutGradient(task, batch, stages, backward);
    expect(cut.loss).toBeCloseTo(whole.loss, 4);
    for (const [name, gradient] of whole.gradients) {
      const largest = Math.max(1e-6, ...gradient.map(Math.abs));
      const worst = Math.max(...gradient.map((value, at) => Math.abs(value - (cut.gradients.get(name)?.[at] ?? NaN))));
      expect(worst / largest, name).toBeLessThan(2e-5);
    }
  });
});
