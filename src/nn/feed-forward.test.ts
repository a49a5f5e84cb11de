import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant } from "../graph/tensor.ts";
import { FeedForward, type FeedForwardActivation } from "./feed-forward.ts";
import { axis, feed, fixed, flag, float, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";

const ACTIVATIONS = ["relu", "gelu", "gelu-tanh", "silu", "swiglu"] as const satisfies readonly FeedForwardActivation[];

/** ∫ of the normal density up to x, by Simpson's rule. */
function normalDistribution(x: number): number {
  const steps = 2000;
  const width = x / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-((i * width) ** 2) / 2);
  return 0.5 + (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}

const PLAIN: Readonly<Record<FeedForwardActivation, (inner: number, gate: number) => number>> = {
  relu: (x) => Math.max(0, x),
  gelu: (x) => x * normalDistribution(x),
  "gelu-tanh": (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x / (1 + Math.exp(-x)),
  swiglu: (x, gate) => (x * gate) / (1 + Math.exp(-gate)),
};

describe.each(ACTIVATIONS)("%s", (activation) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, axis("batch"), axis("time"), size, size, flag);
    await requireEnginesAgree(shapes.map(([seed, batch, time, dimension, hidden, dropped]): ConformanceCase => {
      const layer = new FeedForward(dimension, hidden, { activation, bias: !dropped, dropout: dropped ? 0.4 : 0 }).attach("layer").seed(seed);
      return {
        seed, feeds: { x: float(batch, time, fixed(dimension)) },
        build: (tensors) => withSlopes(
          { y: layer.forward(feed(tensors, "x"), constant(seed, "int32")) }, [feed(tensors, "x"), ...layer.parameters().map(({ tensor }) => tensor)]),
      };
    }));
  });

  test("has true derivatives", async () => {
    const layer = new FeedForward(3, 4, { activation, dropout: 0.3 }).attach("layer").seed(2);
    const x = variable("x", [2, 2, 3]);
    await requireTrueSlopes([x, ...layer.parameters()], () => [layer.forward(x.tensor, constant(5, "int32"))]);
  });

  test("is the published formula", async () => {
    const layer = new FeedForward(2, 3, { activation }).seed(4);
    const x = variable("x", [1, 2]);
    const engine = reference();
    const state = engine.createState();
    const program = await engine.compile({}, () => ({ y: layer.forward(x.tensor) }), { state });
    const array = (name: string): number[] => [...state.read(name)];
    const linear = (row: readonly number[], name: string): number[] => array(`${name}.bias`).map((offset, column, { length }) => (
      row.reduce((sum, value, at) => sum + value * (array(`${name}.weight`)[at * length + column] ?? NaN), offset)));
    const gate = activation === "swiglu" ? linear(array("x"), "gate") : [];
    const hidden = linear(array("x"), "inner").map((value, at) => PLAIN[activation](value, gate[at] ?? NaN));
    requireClose("y", (await program.run({})).y, { shape: [1, 2], data: Float64Array.from(linear(hidden, "outer")) }, 1e-12);
  });
});

test("only SwiGLU has a gate", () => {
  expect(new FeedForward(2, 3).parameters().map(({ name }) => name)).toEqual(["inner.weight", "inner.bias", "outer.weight", "outer.bias"]);
  expect(new FeedForward(2, 3, { activation: "swiglu", bias: false }).parameters().map(({ name }) => name)).toEqual(["inner.weight", "gate.weight", "outer.weight"]);
});
