/** The layer beside ONNX Runtime's own LSTM operator, which someone else wrote. */
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { test } from "vitest";
import { requireClose } from "../engines/conformance.ts";
import type { NumericArray } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { encodeModel, OnnxType, type OnnxGraph } from "../engines/onnx/proto.ts";
import { float32, int32 } from "../graph/program.ts";
import { iota } from "../graph/tensor.ts";
import { randomNumbers, seeds } from "./fixtures/layer-checks.ts";
import { BidirectionalLstm, Lstm } from "./lstm.ts";

type Direction = "forward" | "reverse" | "bidirectional";

interface Sizes {
  readonly time: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
}

interface Weights {
  readonly weightInput: ArrayLike<number>; // [input, 4·hidden]
  readonly weightHidden: ArrayLike<number>; // [hidden, 4·hidden]
  readonly bias: ArrayLike<number>; // [4·hidden]
}

/** Gates are i, f, o, g here and i, o, f, c in ONNX. */
const ONNX_GATES = [0, 2, 1, 3] as const;

/** [rows, 4·hidden] in this order of gates as [4·hidden, rows] in ONNX's. */
function toOnnx(matrix: ArrayLike<number>, rows: number, hidden: number): number[] {
  return ONNX_GATES.flatMap((gate) => Array.from({ length: hidden }, (_, unit) => (
    Array.from({ length: rows }, (_unused, row) => matrix[row * 4 * hidden + gate * hidden + unit] ?? NaN)))).flat();
}

/** Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden] of the operator. */
async function runOperator(
  direction: Direction, { time, batch, input, hidden }: Sizes, weights: readonly Weights[],
  feeds: { x: readonly number[]; lengths: readonly number[]; h: readonly number[]; c: readonly number[] },
): Promise<Record<"Y" | "Y_h" | "Y_c", NumericArray>> {
  const directions = weights.length;
  const shapes = {
    X: [time, batch, input], W: [directions, 4 * hidden, input], R: [directions, 4 * hidden, hidden], B: [directions, 8 * hidden],
    lengths: [batch], h: [directions, batch, hidden], c: [directions, batch, hidden],
  };
  const graph: OnnxGraph = {
    name: "lstm",
    nodes: [{
      operator: "LSTM", domain: "", inputs: Object.keys(shapes), outputs: ["Y", "Y_h", "Y_c"],
      attributes: { hidden_size: { kind: "int", value: hidden }, direction: { kind: "string", value: direction } },
    }],
    inputs: Object.entries(shapes).map(([name, shape]) => ({ name, shape, type: name === "lengths" ? OnnxType.int32 : OnnxType.float32 })),
    outputs: [
      { name: "Y", type: OnnxType.float32, shape: [time, directions, batch, hidden] },
      { name: "Y_h", type: OnnxType.float32, shape: shapes.h }, { name: "Y_c", type: OnnxType.float32, shape: shapes.h },
    ],
    initializers: [],
  };
  const values: Record<keyof typeof shapes, readonly number[]> = {
    X: feeds.x, lengths: feeds.lengths, h: feeds.h, c: feeds.c,
    W: weights.flatMap(({ weightInput }) => toOnnx(weightInput, input, hidden)),
    R: weights.flatMap(({ weightHidden }) => toOnnx(weightHidden, hidden, hidden)),
    B: weights.flatMap(({ bias }) => [...toOnnx(bias, 1, hidden), ...new Array<number>(4 * hidden).fill(0)]),
  };
  const session = await ort.InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const outputs = await session.run(Object.fromEntries(Object.entries(values).map(([name, numbers]) => {
    const shape = shapes[name as keyof typeof shapes];
    return [name, name === "lengths" ? new ort.Tensor("int32", Int32Array.from(numbers), shape) : new ort.Tensor("float32", Float32Array.from(numbers), shape)];
  })));
  await session.release();
  const array = (name: string): NumericArray => {
    const tensor = outputs[name];
    if (tensor === undefined || !(tensor.data instanceof Float32Array)) throw new Error(`The operator gave no ${name}.`);
    return { data: tensor.data, shape: tensor.dims };
  };
  return { Y: array("Y"), Y_h: array("Y_h"), Y_c: array("Y_c") };
}

/** [directions, batch, hidden] as [batch, directions·hidden], where this layer puts the directions side by side. */
function sideBySide({ data, shape: [directions = 0, batch = 0, hidden = 0] }: NumericArray): NumericArray {
  const rows = Array.from({ length: batch }, (_, row) => Array.from({ length: directions }, (_unused, direction) => (
    [...data.subarray((direction * batch + row) * hidden, (direction * batch + row + 1) * hidden)])));
  return { data: Float32Array.from(rows.flat(2)), shape: [batch, directions * hidden] };
}

/** The operator writes zeros after a row's end, where this layer repeats a state that nobody reads. */
function zeroPadding({ data, shape: [time = 0, batch = 0, width = 0] }: NumericArray, lengths: readonly number[]): NumericArray {
  return { shape: [time, batch, width], data: Float32Array.from(data, (value, at) => {
    const [step, row] = [Math.floor(at / (batch * width)), Math.floor(at / width) % batch];
    return step < (lengths[row] ?? 0) ? value : 0;
  }) };
}

const cases = fc.record({
  seed: seeds, time: fc.integer({ min: 1, max: 6 }), batch: fc.integer({ min: 1, max: 4 }), input: fc.integer({ min: 1, max: 9 }),
  hidden: fc.integer({ min: 1, max: 9 }),
});

test.each<Direction>(["forward", "reverse", "bidirectional"])("%s: outputs and final states over rows of different lengths", async (direction) => {
  await fc.assert(fc.asyncProperty(cases, async ({ seed, ...sizes }) => {
    const { time, batch, input, hidden } = sizes;
    const lengths = Array.from({ length: batch }, (_, row) => 1 + ((seed + row * row) % time));
    const both = direction === "bidirectional";
    const layer = both ? new BidirectionalLstm(input, 2 * hidden) : new Lstm(input, hidden);
    const layers = layer instanceof BidirectionalLstm ? [layer.forwards, layer.backwards] : [layer];
    const state = onnx().createState();
    layer.parameters().forEach((parameter, at) => {
      state.declare(parameter);
      state.write(parameter.name, randomNumbers(parameter.size, seed + at + 1));
    });
    // The bidirectional layer starts from nothing; the operator is told so.
    const start = (at: number): number[] => (both ? new Array<number>(2 * batch * hidden).fill(0) : randomNumbers(batch * hidden, seed + at));
    const feeds = { x: randomNumbers(time * batch * input, seed, 2), lengths, h: start(11), c: start(12) };

    const program = await onnx({ threads: 1 }).compile({
      x: float32("time", "batch", input), lengths: int32("batch"), h: float32("batch", hidden), c: float32("batch", hidden),
    }, ({ x, lengths: real, h, c }) => {
      const mask = iota(x.shape.slice(0, 2), 0).less(real);
      const { outputs, final } = layer instanceof BidirectionalLstm ? layer.forward(x, { mask })
        : layer.forward(x, { mask, initial: { hidden: h, cell: c }, reverse: direction === "reverse" });
      return { outputs, ...final };
    }, { state });
    const array = (numbers: readonly number[], shape: readonly number[]) => ({ data: Float32Array.from(numbers), shape });
    const own = await program.run({
      x: array(feeds.x, [time, batch, input]), lengths: { data: Int32Array.from(lengths), shape: [batch] },
      h: array(feeds.h.slice(0, batch * hidden), [batch, hidden]), c: array(feeds.c.slice(0, batch * hidden), [batch, hidden]),
    });
    await program.dispose();

    const expected = await runOperator(direction, sizes, layers.map(({ weightInput, weightHidden, bias }) => ({
      weightInput: state.read(weightInput.name), weightHidden: state.read(weightHidden.name), bias: bias === undefined ? [] : state.read(bias.name),
    })), feeds);
    const steps = Array.from({ length: time }, (_, step) => {
      const length = layers.length * batch * hidden;
      return [...sideBySide({ data: expected.Y.data.slice(step * length, (step + 1) * length), shape: [layers.length, batch, hidden] }).data];
    });
    requireClose("outputs", zeroPadding(own.outputs, lengths), { data: Float32Array.from(steps.flat()), shape: [time, batch, layers.length * hidden] });
    requireClose("hidden", own.hidden, sideBySide(expected.Y_h));
    requireClose("cell", own.cell, sideBySide(expected.Y_c));
  }), { numRuns: 15 });
});
