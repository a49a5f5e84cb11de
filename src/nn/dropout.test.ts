import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { Engine } from "../engines/engine.ts";
import { gradients } from "../graph/gradients.ts";
import { float32, int32 } from "../graph/program.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { Dropout } from "./dropout.ts";
import { requireTrueSlopes, variable } from "./fixtures/layer-checks.ts";
import { Module } from "./module.ts";

const engines = [{ engine: onnx({ threads: 1 }) }, { engine: reference() }];

function layer(rate: number, path = "dropout"): Dropout {
  return new Dropout(rate).attach(path);
}

async function drop(engine: Engine, dropout: Dropout, x: readonly number[], seed: number): Promise<number[]> {
  const program = await engine.compile({ x: float32("n"), seed: int32() }, ({ x: values, seed: draw }) => ({ y: dropout.forward(values, draw) }));
  const { y } = await program.run({ x: { data: Float32Array.from(x), shape: [x.length] }, seed: { data: Int32Array.of(seed), shape: [] } });
  await program.dispose();
  return [...y.data];
}

const ONES = new Array<number>(20_000).fill(1);

describe.each(engines)("on $engine.name", ({ engine }) => {
  test.each([0.1, 0.25, 0.5, 0.9])("a share of %s is zero, the rest is scaled so that the mean stays", async (rate) => {
    const y = await drop(engine, layer(rate), ONES, 7);
    const zeros = y.filter((value) => value === 0).length;
    const deviation = Math.sqrt(rate * (1 - rate) * ONES.length);
    expect(Math.abs(zeros - rate * ONES.length)).toBeLessThan(4 * deviation);
    for (const value of new Set(y)) if (value !== 0) expect(value).toBeCloseTo(1 / (1 - rate), 6);
  });

  test("which elements are dropped follows from seed, path and position alone", async () => {
    const dropped = async (dropout: Dropout, x: readonly number[], seed: number): Promise<string> => (
      (await drop(engine, dropout, x, seed)).map((value) => (value === 0 ? "0" : "1")).join(""));
    const x = ONES.slice(0, 64);
    const first = await dropped(layer(0.5, "encoder.0"), x, 3);
    expect(await dropped(layer(0.5, "encoder.0"), x.map((_, at) => at + 0.5), 3)).toBe(first);
    expect(await dropped(layer(0.5, "encoder.0"), ONES.slice(0, 40), 3)).toBe(first.slice(0, 40));
    expect(await dropped(layer(0.5, "encoder.1"), x, 3)).not.toBe(first);
    expect(await dropped(layer(0.5, "encoder.0"), x, 4)).not.toBe(first);
  });
});

test("both engines give the same bits", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.string(), async (seed, rate, name) => {
    const [actual, expected] = await Promise.all(engines.map(({ engine }) => drop(engine, layer(rate, `layer ${name}`), ONES.slice(0, 500), seed)));
    expect(actual?.map((value) => value === 0)).toEqual(expected?.map((value) => value === 0));
  }), { numRuns: 15 });
  const [actual, expected] = await Promise.all(engines.map(({ engine }) => drop(engine, layer(0.5), ONES, 11)));
  expect(actual).toEqual(expected);
});

test("masks of two layers, and of two steps, are no more alike than chance", async () => {
  const masks = await Promise.all([["a", 1], ["b", 1], ["a", 2]].map(async ([path, seed]) => drop(reference(), layer(0.5, String(path)), ONES, Number(seed))));
  const alike = (a: readonly number[] = [], b: readonly number[] = []): number => a.filter((value, at) => value === b[at]).length / ONES.length;
  for (const [one, other] of [[0, 1], [0, 2], [1, 2]] as const) expect(Math.abs(alike(masks[one], masks[other]) - 0.5)).toBeLessThan(0.015); // 4 deviations
});

test("derivatives pass where values passed", async () => {
  const dropout = layer(0.5);
  const x = variable("x", [3, 4]);
  await requireTrueSlopes([x], () => [dropout.forward(x.tensor, constant(5, "int32"))]);
  const program = await reference().compile({}, () => {
    const y = dropout.forward(x.tensor, constant(5, "int32"));
    return { y, slope: gradients(y.sum(), [x.tensor])[0] ?? y };
  });
  const { y, slope } = await program.run({});
  slope.data.forEach((value, at) => expect(value).toBe(y.data[at] === 0 ? 0 : 2));
});

test("without a seed, or at rate 0, everything passes", () => {
  const x = variable("x", [3]).tensor;
  expect(layer(0.5).forward(x, undefined)).toBe(x);
  expect(layer(0).forward(x, constant(1, "int32"))).toBe(x);
});

test.each([-0.1, 1, NaN])("a rate of %s is refused", (rate) => {
  expect(() => new Dropout(rate)).toThrow(`A dropout rate is at least 0 and below 1, received ${rate}.`);
});

test("layers of a model whose paths are not known yet are refused, because they would all draw alike", () => {
  class Two extends Module {
    readonly first = new Dropout(0.5);
    readonly second = new Dropout(0.5);

    forward(x: Tensor, seed: Tensor): Tensor {
      return this.second.forward(this.first.forward(x, seed), seed);
    }
  }
  const [x, seed] = [variable("x", [3]).tensor, constant(1, "int32")];
  expect(() => new Two().forward(x, seed)).toThrow(/call model\.parameters\(\) first/);
  expect(() => new Two().seed(1).forward(x, seed)).not.toThrow();
});

test("a layer that drew inside a block before the model named it is refused, because two such blocks would draw alike", () => {
  class Block extends Module {
    readonly dropout = new Dropout(0.5);
    forward(x: Tensor, seed: Tensor): Tensor {
      return this.within(() => this.dropout.forward(x, seed));
    }
  }
  class Model extends Module {
    readonly first = new Block();
  }
  const model = new Model();
  model.first.forward(constant([1, 2]), constant(1, "int32"));
  expect(() => model.parameters()).toThrow('this one drew as "dropout" and is now "first.dropout"');
});
