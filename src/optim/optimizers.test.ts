/** Optimisers beside loops over plain numbers that follow the papers. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { mix32 } from "../graph/ops/random.ts";
import { float32 } from "../graph/program.ts";
import { constant } from "../graph/tensor.ts";
import type { StateVariable } from "../graph/state.ts";
import { adam, adamw } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

const STEPS = 6;

/** Numbers in [-1, 1), exact in float32. */
function numbers(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => mix32(mix32(seed) + at) / 2 ** 31 - 1);
}

function variable(name: string, shape: readonly number[], seed: number): StateVariable {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { name, shape, dtype: "float32", initialize: () => numbers(size, seed) };
}

const matrix = variable("matrix", [3, 2], 1);
const vector = variable("vector", [4], 2);

/** The gradient of a step: [size]. */
function gradientAt(step: number, size: number): Float32Array {
  return numbers(size, 100 + step);
}

/** What becomes of a matrix and a vector in some steps, each with its own learning rate and scale. */
async function runOptimizer(engine: Engine, optimizer: Optimizer, rates: readonly number[], scales?: readonly number[]): Promise<Record<"matrix" | "vector", number[]>> {
  const program = await engine.compile(
    { byMatrix: float32(3, 2), byVector: float32(4), rate: float32(), scale: float32() },
    ({ byMatrix, byVector, rate, scale }) => ({
      updates: optimizer.update([
        { variable: matrix, gradient: byMatrix, ...(scales && { scale }) }, { variable: vector, gradient: byVector, ...(scales && { scale }) },
      ], rate),
    }),
  );
  const scalar = (value = 1) => ({ data: Float32Array.of(value), shape: [] });
  for (let step = 0; step < STEPS; step++) {
    await program.run({
      byMatrix: { data: gradientAt(step, 6), shape: [3, 2] }, byVector: { data: gradientAt(step, 4), shape: [4] },
      rate: scalar(rates[step]), scale: scalar(scales?.[step]),
    });
  }
  const result = { matrix: [...program.state.read("matrix")], vector: [...program.state.read("vector")] };
  await program.dispose();
  return result;
}

interface Weight {
  value: number;
  first: number;
  second: number;
}

/** One number's update: given its gradient, the rate, the step counted from 1, and whether it belongs to a matrix. */
type Rule = (weight: Weight, gradient: number, rate: number, step: number, inMatrix: boolean) => void;

function loop(rule: Rule, rates: readonly number[], scales?: readonly number[]): Record<"matrix" | "vector", number[]> {
  const train = (initial: Float32Array, inMatrix: boolean): number[] => Array.from(initial, (value, at) => {
    const weight = { value, first: 0, second: 0 };
    for (let step = 1; step <= STEPS; step++) {
      const gradient = (gradientAt(step - 1, initial.length)[at] ?? NaN) * (scales?.[step - 1] ?? 1);
      rule(weight, gradient, rates[step - 1] ?? NaN, step, inMatrix);
    }
    return weight.value;
  });
  return { matrix: train(numbers(6, 1), true), vector: train(numbers(4, 2), false) };
}

const descent: Rule = (weight, gradient, rate) => {
  weight.value -= rate * gradient;
};

const heavyBall = (momentum: number): Rule => (weight, gradient, rate) => {
  weight.first = momentum * weight.first + gradient;
  weight.value -= rate * weight.first;
};

/** Algorithm 1 of Kingma and Ba 2015; decay as in algorithm 2 of Loshchilov and Hutter 2019, with λ times the rate. */
const moments = (beta1: number, beta2: number, epsilon: number, decay: number): Rule => (weight, gradient, rate, step, inMatrix) => {
  weight.first = beta1 * weight.first + (1 - beta1) * gradient;
  weight.second = beta2 * weight.second + (1 - beta2) * gradient ** 2;
  const mean = weight.first / (1 - beta1 ** step);
  const square = weight.second / (1 - beta2 ** step);
  if (inMatrix) weight.value -= rate * decay * weight.value;
  weight.value -= (rate * mean) / (Math.sqrt(square) + epsilon);
};

const cases: readonly { readonly name: string; readonly optimizer: Optimizer; readonly rule: Rule }[] = [
  { name: "sgd", optimizer: sgd({ learningRate: 0.1 }), rule: descent },
  { name: "sgd with momentum", optimizer: sgd({ learningRate: 0.1, momentum: 0.875 }), rule: heavyBall(0.875) },
  { name: "adam", optimizer: adam({ learningRate: 0.1 }), rule: moments(0.9, 0.999, 1e-8, 0) },
  { name: "adam of other settings", optimizer: adam({ learningRate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 0.125 }), rule: moments(0.5, 0.75, 0.125, 0) },
  { name: "adam that forgets all", optimizer: adam({ learningRate: 0.1, beta1: 0, beta2: 0 }), rule: moments(0, 0, 1e-8, 0) },
  { name: "adamw", optimizer: adamw({ learningRate: 0.1 }), rule: moments(0.9, 0.999, 1e-8, 0.01) },
  { name: "adamw that decays fast", optimizer: adamw({ learningRate: 0.1, weightDecay: 0.5 }), rule: moments(0.9, 0.999, 1e-8, 0.5) },
];

/** Learning rates that change from step to step; all numbers are exact in float32. */
const RATES = [2, 4, 1, 1, 0.5, 3].map((factor) => factor / 256);
const SCALES = [1, 0.25, 2, 0.5, 1, 4];

describe.each([{ engine: reference(), digits: 12 }, { engine: onnx({ threads: 1 }), digits: 6 }])("on $engine.name, to 1e-$digits", ({ engine, digits }) => {
  const expectSame = (actual: Record<"matrix" | "vector", number[]>, expected: Record<"matrix" | "vector", number[]>): void => {
    for (const name of ["matrix", "vector"] as const) {
      actual[name].forEach((value, at) => expect(Math.abs(value - (expected[name][at] ?? NaN)), `${name} ${at}`).toBeLessThan(10 ** -digits));
    }
  };

  test.each(cases)("$name", async ({ optimizer, rule }) => {
    expectSame(await runOptimizer(engine, optimizer, RATES), loop(rule, RATES));
  });

  test.each(cases)("$name, gradients scaled first", async ({ optimizer, rule }) => {
    expectSame(await runOptimizer(engine, optimizer, RATES, SCALES), loop(rule, RATES, SCALES));
  });
});

test("the optimiser's own learning rate holds where none is given", async () => {
  const weight = variable("weight", [2], 3);
  const program = await reference().compile({ g: float32(2) }, ({ g }) => ({ updates: sgd({ learningRate: 0.25 }).update([{ variable: weight, gradient: g }]) }));
  await program.run({ g: { data: Float32Array.of(1, -2), shape: [2] } });
  const [first = NaN, second = NaN] = numbers(2, 3);
  expect([...program.state.read("weight")]).toEqual([first - 0.25, second + 0.5]);
});

describe("large arrays, which are updated a piece at a time", () => {
  /** Shapes of 2¹⁸ elements or more: a power of two, and one whose nearest divisor is far from 65,536. */
  const SHAPES = [[512, 512], [7, 37_501]] as const;

  test.each(SHAPES.flatMap((shape) => cases.filter(({ name }) => ["sgd", "sgd with momentum", "adamw"].includes(name)).map(({ name, optimizer }) => ({ name, optimizer, shape }))))("$name of $shape: as row by row", async ({ optimizer, shape: [rows, columns] }) => {
    const size = rows * columns;
    const initial = numbers(size, 5);
    const large: StateVariable = { name: "large", shape: [rows, columns], dtype: "float32", initialize: () => initial };
    // Rows of it as matrices of their own, which are too small to be cut.
    const alone = [0, Math.floor(rows / 2), rows - 1].map((row) => {
      const variable: StateVariable = { name: `row ${row}`, shape: [1, columns], dtype: "float32", initialize: () => initial.slice(row * columns, (row + 1) * columns) };
      return { row, variable };
    });
    const program = await onnx({ threads: 1 }).compile({ g: float32(rows, columns) }, ({ g }) => ({
      updates: optimizer.update([{ variable: large, gradient: g }, ...alone.map(({ row, variable: own }) => ({ variable: own, gradient: g.slice(0, row, row + 1) }))]),
    }));
    for (const seed of [6, 7]) await program.run({ g: { data: numbers(size, seed), shape: [rows, columns] } });
    const whole = program.state.read("large");
    for (const { row, variable: { name } } of alone) {
      const own = program.state.read(name);
      const furthest = Array.from(own).reduce((most, value, at) => Math.max(most, Math.abs(value - (whole[row * columns + at] ?? NaN))), 0);
      expect(furthest, name).toBeLessThan(1e-6);
    }
    const left = initial.reduce((count, value, at) => count + Number(value === whole[at]), 0);
    expect(left).toBeLessThan(size / 10_000); // no piece was passed over
    await program.dispose();
  });

  test.each([262_143, 262_144, 262_139, 300_007])("%s numbers, of which each is updated once", async (size) => {
    const [initial, gradient] = [numbers(size, 8), numbers(size, 9)];
    const weight: StateVariable = { name: "weight", shape: [size], dtype: "float32", initialize: () => initial };
    const program = await onnx({ threads: 1 }).compile({ g: float32(size) }, ({ g }) => ({ updates: sgd({ learningRate: 0.5 }).update([{ variable: weight, gradient: g }]) }));
    await program.run({ g: { data: gradient, shape: [size] } });
    const updated = program.state.read("weight");
    const wrong = initial.findIndex((value, at) => Math.fround(value - Math.fround(0.5 * (gradient[at] ?? NaN))) !== updated[at]);
    expect(wrong).toBe(-1);
    await program.dispose();
  });
});

test("Adam at a learning rate of 0 leaves weights alone, those without gradient too", async () => {
  const engine = onnx({ threads: 1 });
  const weights = { name: "weights", shape: [2], dtype: "float32" as const, initialize: () => Float32Array.of(3, -4) };
  const step = await engine.compile({ rate: float32() }, ({ rate }) => ({
    updates: adam({ learningRate: 1 }).update([{ variable: weights, gradient: constant([0, 1]) }], rate),
  }));
  await step.run({ rate: { data: Float32Array.of(0), shape: [] } });
  expect([...step.state.read("weights")]).toEqual([3, -4]);
  await step.dispose();
});
