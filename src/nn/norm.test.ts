import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { float32 } from "../graph/program.ts";
import { axis, feed, fixed, float, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes, randomNumbers } from "./fixtures/layer-checks.ts";
import { LayerNorm, RmsNorm } from "./norm.ts";

const LAYERS = [
  { name: "layer norm", make: (dimension: number) => new LayerNorm(dimension) },
  { name: "layer norm without bias", make: (dimension: number) => new LayerNorm(dimension, { bias: false, epsilon: 1e-2 }) },
  { name: "RMS norm", make: (dimension: number) => new RmsNorm(dimension) },
] as const;

/** Gain and bias away from 1 and 0, so that a derivative which forgets them is seen. */
function parametersOf(layer: LayerNorm | RmsNorm) {
  return layer.parameters().map((parameter, at) => ({ parameter, values: randomNumbers(parameter.size, 7 + at, 1.5) }));
}

describe.each(LAYERS)("$name", ({ make }) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }).chain((names) => fc.tuple(...names.map((name, at) => axis(`${name}${at}`)))), size);
    await requireEnginesAgree(shapes.map(([seed, axes, dimension]): ConformanceCase => {
      const layer = make(dimension + 1).seed(seed);
      return {
        seed, feeds: { x: float(...axes, fixed(dimension + 1)) }, tolerance: 1e-4,
        build: (tensors) => withSlopes({ y: layer.forward(feed(tensors, "x")) }, [feed(tensors, "x"), ...layer.parameters().map(({ tensor }) => tensor)]),
      };
    }), 15);
  });

  test("has true derivatives", async () => {
    const layer = make(4);
    const x = variable("x", [2, 3, 4]);
    parametersOf(layer).forEach(({ parameter, values }) => (parameter.initialize = () => Float32Array.from(values)));
    await requireTrueSlopes([x, ...layer.parameters()], () => [layer.forward(x.tensor)]);
  });

  test("is the published formula, whatever the mean of its input", async () => {
    const layer = make(5);
    const rows = [randomNumbers(5, 1), randomNumbers(5, 2).map((value) => value + 3)];
    for (const engine of [reference(), onnx({ threads: 1 })]) {
      const state = engine.createState();
      const values = parametersOf(layer).map(({ parameter, values: own }) => (state.declare(parameter), state.write(parameter.name, own), own));
      const [gain = [], bias = []] = values;
      const expected = rows.flatMap((row) => {
        const mean = layer instanceof LayerNorm ? row.reduce((sum, value) => sum + value, 0) / 5 : 0;
        const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 5;
        return row.map((value, at) => ((value - mean) / Math.sqrt(variance + layer.epsilon)) * (gain[at] ?? NaN) + (bias[at] ?? 0));
      });
      const program = await engine.compile({ x: float32("rows", 5) }, ({ x }) => ({ y: layer.forward(x) }), { state });
      const { y } = await program.run({ x: { data: Float32Array.from(rows.flat()), shape: [2, 5] } });
      requireClose("y", y, { data: Float64Array.from(expected), shape: [2, 5] }, 3e-6);
      await program.dispose();
    }
  });
});

test("parameters are called gain and bias, and start as the identity", () => {
  const layer = new LayerNorm(3);
  expect(layer.parameters().map(({ name }) => name)).toEqual(["gain", "bias"]);
  expect(layer.parameters().map((parameter) => [...parameter.initialize()])).toEqual([[1, 1, 1], [0, 0, 0]]);
  expect(new RmsNorm(3).parameters().map(({ name }) => name)).toEqual(["gain"]);
});
