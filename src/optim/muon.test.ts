/** Muon beside plain loops; the singular values of its updates by Jacobi's eigenvalue algorithm. */
import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { mix32 } from "../graph/ops/random.ts";
import { float32 } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Gpt } from "../models/gpt.ts";
import { LstmLm } from "../models/lstm-lm.ts";
import { Seq2SeqLstm } from "../models/seq2seq-lstm.ts";
import { normalInitializer, zeroInitializer } from "../nn/initializer.ts";
import { Linear } from "../nn/linear.ts";
import { Lstm } from "../nn/lstm.ts";
import { Module, Parameter } from "../nn/module.ts";
import { hiddenMatrices } from "./hidden-matrices.ts";
import { muon, orthogonalize } from "./muon.ts";
import { slopes } from "./optimizer.ts";

type Matrix = number[][];

function numbers(length: number, seed: number): Float32Array {
  return normalInitializer(1)([length], (at) => (mix32(mix32(seed) + at) >>> 0) * 2 ** -32);
}

function rowsOf(data: ArrayLike<number>, columns: number): Matrix {
  const all = Array.from(data);
  return Array.from({ length: all.length / columns }, (_, row) => all.slice(row * columns, (row + 1) * columns));
}

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => Array.from({ length: b[0]?.length ?? 0 }, (_, column) => (
    row.reduce((sum, value, at) => sum + value * (b[at]?.[column] ?? NaN), 0))));
}

function transposed(a: Matrix): Matrix {
  return (a[0] ?? []).map((_, column) => a.map((row) => row[column] ?? NaN));
}

/** Eigenvalues of a symmetric matrix by rotations in each plane in turn (Jacobi 1846). */
function eigenvalues(symmetric: Matrix): number[] {
  let a = symmetric;
  const size = a.length;
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const angle = 0.5 * Math.atan2(2 * (a[p]?.[q] ?? NaN), (a[q]?.[q] ?? NaN) - (a[p]?.[p] ?? NaN));
        const rotation = a.map((_, i) => a.map((_unused, j): number => {
          if (i === j) return i === p || i === q ? Math.cos(angle) : 1;
          return i === p && j === q ? Math.sin(angle) : i === q && j === p ? -Math.sin(angle) : 0;
        }));
        a = product(product(transposed(rotation), a), rotation);
      }
    }
  }
  return a.map((row, at) => row[at] ?? NaN);
}

function singularValues(matrix: Matrix): number[] {
  const [tall, wide] = [product(transposed(matrix), matrix), product(matrix, transposed(matrix))];
  return eigenvalues(tall.length < wide.length ? tall : wide).map((value) => Math.sqrt(Math.max(0, value)));
}

/** A function of one matrix, computed by ONNX Runtime. */
async function compute(data: Float32Array, shape: readonly number[], f: (x: Tensor) => Tensor): Promise<number[]> {
  const program = await onnx({ threads: 1 }).compile({ x: float32(...shape) }, ({ x }) => ({ y: f(x) }));
  const { y } = await program.run({ x: { data, shape } });
  await program.dispose();
  return Array.from(y.data);
}

describe("orthogonalisation", () => {
  test("the eigenvalues that this test goes by are right", () => {
    expect(singularValues([[3, 0], [4, 5]]).sort((a, b) => a - b).map((value) => value ** 2)).toEqual([expect.closeTo(5, 10), expect.closeTo(45, 10)]);
  });

  test.each([[6, 7], [4, 9], [9, 4], [1, 5], [9, 9]])("of %i by %i: all singular values come between 0.68 and 1.2", async (rows, columns) => {
    for (const seed of [1, 2, 3]) {
      const data = numbers(rows * columns, seed);
      const before = singularValues(rowsOf(data, columns));
      const norm = Math.hypot(...before);
      const after = singularValues(rowsOf(await compute(data, [rows, columns], orthogonalize), columns));
      // Below 1/100 of the norm, five iterations are too few.
      expect(Math.min(...before) / norm).toBeGreaterThan(0.01);
      for (const value of after) {
        expect(value).toBeGreaterThan(0.68);
        expect(value).toBeLessThan(1.2);
      }
    }
  });

  test("keeps the singular vectors: it commutes with turning rows and columns", async () => {
    const data = numbers(6, 4);
    const [cosine, sine] = [Math.cos(0.7), Math.sin(0.7)];
    const turn = (matrix: Matrix): Matrix => product([[cosine, -sine], [sine, cosine]], matrix);
    const turned = await compute(Float32Array.from(turn(rowsOf(data, 3)).flat()), [2, 3], orthogonalize);
    const expected = turn(rowsOf(await compute(data, [2, 3], orthogonalize), 3)).flat();
    turned.forEach((value, at) => expect(value).toBeCloseTo(expected[at] ?? NaN, 5));
  });

  test("does not depend on the gradient's size, and leaves zeros alone", async () => {
    const data = numbers(12, 5);
    const [small, large] = await Promise.all([1e-3, 1e4].map((factor) => compute(data.map((value) => value * factor), [3, 4], orthogonalize)));
    small?.forEach((value, at) => expect(value).toBeCloseTo(large?.[at] ?? NaN, 3));
    expect(await compute(new Float32Array(12), [3, 4], orthogonalize)).toEqual(new Array(12).fill(0));
  });

  test("is a x + b x³ + c x⁵ of a number, five times", async () => {
    const polynomial = (x: number): number => 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
    const expected = polynomial(polynomial(polynomial(polynomial(polynomial(1)))));
    expect(await compute(Float32Array.of(-7), [1, 1], orthogonalize)).toEqual([expect.closeTo(-expected, 5)]);
  });
});

/** A matrix that is pulled to a target, and a vector beside it. */
class Pulled extends Module {
  readonly map = new Linear(3, 5, { initializer: zeroInitializer });
  readonly other = new Parameter([3, 2], zeroInitializer);
}

describe("a step", () => {
  test("is Nesterov's momentum, orthogonalised, times √(output / input); AdamW takes the rest", async () => {
    const model = new Pulled().seed(1);
    const [rate, momentum, decay, adamRate] = [0.1, 0.9, 0.5, 0.01];
    const names = model.parameters().map(({ name }) => name);
    const program = await reference().compile({ g: float32(3, 5), h: float32(3, 2), k: float32(5), rate: float32(), scale: float32() }, ({ g, h, k, rate: fed, scale }) => ({
      updates: muon({ learningRate: 2 * rate, momentum, weightDecay: decay, matrices: hiddenMatrices(model), adam: { learningRate: 2 * adamRate, weightDecay: 0 } })
        .update(model.parameters().map((variable) => ({ variable, gradient: variable === model.map.weight ? g : variable === model.other ? h : k, scale })), fed),
    }));
    expect(names).toEqual(["map.weight", "map.bias", "other"]);
    let [weight, velocity] = [new Array<number>(15).fill(0), new Array<number>(15).fill(0)];
    for (const step of [1, 2, 3]) {
      const gradient = numbers(15, step);
      await program.run({
        g: { data: gradient, shape: [3, 5] }, h: { data: new Float32Array(6).fill(-3), shape: [3, 2] }, k: { data: new Float32Array(5).fill(3), shape: [5] },
        rate: { data: Float32Array.of(rate), shape: [] }, scale: { data: Float32Array.of(0.25), shape: [] },
      });
      const scaled = Array.from(gradient, (value) => value / 4);
      velocity = velocity.map((value, at) => momentum * value + (scaled[at] ?? NaN));
      const direction = await compute(Float32Array.from(velocity, (value, at) => momentum * value + (scaled[at] ?? NaN)), [3, 5], orthogonalize);
      weight = weight.map((value, at) => value * (1 - rate * decay) - rate * Math.sqrt(5 / 3) * (direction[at] ?? NaN));
      program.state.read("map.weight").forEach((value, at) => expect(value).toBeCloseTo(weight[at] ?? NaN, 5));
      // Of a gradient that does not change, Adam's step is the rate: half of its own, as the rate fed is half of Muon's.
      program.state.read("other").forEach((value) => expect(value).toBeCloseTo(step * adamRate, 6));
      program.state.read("map.bias").forEach((value) => expect(value).toBeCloseTo(-step * adamRate, 6));
    }
  });

  test("treats the gates of an LSTM as matrices of their own", async () => {
    const gates = new Lstm(3, 2, { bias: false, initializer: zeroInitializer });
    const gradient = numbers(24, 7);
    const program = await onnx({ threads: 1 }).compile({ g: float32(3, 8) }, ({ g }) => ({
      updates: muon({ learningRate: 1, matrices: hiddenMatrices(gates), adam: { learningRate: 1 } }).update([{ variable: gates.parameters()[0] ?? gates.weightInput, gradient: g }]),
    }));
    await program.run({ g: { data: gradient, shape: [3, 8] } });
    const moved = rowsOf(program.state.read("weightInput"), 8);
    for (const gate of [0, 1, 2, 3]) {
      const part = (matrix: Matrix): Matrix => matrix.map((row) => row.slice(2 * gate, 2 * gate + 2));
      const alone = await compute(Float32Array.from(part(rowsOf(gradient, 8)).flat()), [3, 2], orthogonalize);
      part(moved).flat().forEach((value, at) => expect(value).toBeCloseTo(-(alone[at] ?? NaN), 5));
    }
    await program.dispose();
  });

  test("finds the least of a quadratic in as many steps as its rate allows", async () => {
    const model = new Pulled().seed(1);
    const target = numbers(15, 8);
    const program = await onnx({ threads: 1 }).compile({ target: float32(3, 5), rate: float32() }, ({ target: wanted, rate }) => {
      const loss = model.map.weight.tensor.subtract(wanted).square().sum();
      return { loss, updates: muon({ learningRate: 0.2, matrices: hiddenMatrices(model), adam: { learningRate: 0.1 } }).update(slopes(loss, model.parameters()), rate) };
    });
    const losses: number[] = [];
    for (let step = 0; step < 120; step++) {
      const rate = 0.2 * (1 - step / 120);
      losses.push(Number((await program.run({ target: { data: target, shape: [3, 5] }, rate: { data: Float32Array.of(rate), shape: [] } })).loss.data[0]));
    }
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(1e-2 * (losses[0] ?? NaN));
    await program.dispose();
  });
});

describe("hidden matrices", () => {
  const names = (model: Module): string[] => hiddenMatrices(model).map(({ variable, parts }) => (parts === 1 ? variable.name : `${variable.name} × ${parts}`));

  test("of a GPT are those of its blocks", () => {
    const options = {
      vocabulary: 7, context: 4, layers: 1, dimension: 4, heads: 2, keyValueHeads: 2, feedForward: 8, activation: "swiglu", normalization: "rms", epsilon: 1e-5,
      positions: "learned", rotaryBase: 1e4, dropout: 0, bias: true,
    } as const;
    for (const tiedEmbeddings of [true, false]) {
      expect(names(new Gpt({ ...options, tiedEmbeddings }))).toEqual([
        ...["query", "key", "value", "output"].map((part) => `blocks.0.attention.${part}.weight`),
        ...["inner", "gate", "outer"].map((part) => `blocks.0.feedForward.${part}.weight`),
      ]);
    }
  });

  test("of recurrent models are the LSTMs' gates and the attention's weights, not its vector", () => {
    expect(names(new LstmLm({ vocabulary: 7, layers: 1, hidden: 4, embedding: 4, dropout: 0, tiedEmbeddings: false, forgetBias: 0, range: 0.1 })))
      .toEqual(["layers.0.weightInput × 4", "layers.0.weightHidden × 4"]);
    expect(names(new Seq2SeqLstm({
      sourceVocabulary: 7, targetVocabulary: 8, encoderLayers: 1, decoderLayers: 1, hidden: 4, embedding: 4, bidirectional: true, attention: "additive",
      inputFeeding: false, dropout: 0, residual: false, tiedEmbeddings: "none", bias: true, forgetBias: 1, initialization: { kind: "glorot" },
    }))).toEqual([
      ...["forwards", "backwards"].flatMap((way) => [`encoder.0.${way}.weightInput × 4`, `encoder.0.${way}.weightHidden × 4`]),
      "decoder.0.weightInput × 4", "decoder.0.weightHidden × 4", "attention.weightKey", "attention.weightQuery", "attention.weightOutput",
    ]);
  });
});
