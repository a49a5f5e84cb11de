import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConformanceCase } from "../engines/conformance.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant } from "../graph/tensor.ts";
import { gelu, geluTanh, logSoftmax, silu, softmax } from "./activation.ts";
import { axis, feed, float, requireEnginesAgree, requireTrueSlopes, seeds, variable, withSlopes } from "./fixtures/layer-checks.ts";

describe.each([{ name: "softmax", f: softmax }, { name: "logSoftmax", f: logSoftmax }])("$name", ({ f }) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).chain((names) => fc.tuple(...names.map((name, at) => axis(`${name}${at}`)))));
    await requireEnginesAgree(shapes.map(([seed, axes]): ConformanceCase => ({
      seed, feeds: { x: float(...axes) },
      build: (tensors) => withSlopes({ y: f(feed(tensors, "x")) }, [feed(tensors, "x")]),
    })));
  });

  test("has true derivatives", async () => {
    const x = variable("x", [2, 4]);
    await requireTrueSlopes([x], () => [f(x.tensor)]);
  });

  test.each([{ engine: onnx({ threads: 1 }) }, { engine: reference() }])("keeps to its range where exp would overflow: $engine.name", async ({ engine }) => {
    const program = await engine.compile({}, () => ({ y: f(constant([1000, 999, -1000])) }));
    const [first = NaN, second = NaN, third = NaN] = (await program.run({})).y.data;
    const expected = f === softmax ? [1 / (1 + Math.exp(-1)), 1 / (1 + Math.E), 0] : [-Math.log1p(Math.exp(-1)), -1 - Math.log1p(Math.exp(-1)), -2000.3132617];
    [first, second, third].forEach((value, at) => expect(value).toBeCloseTo(expected[at] ?? NaN, f === softmax ? 6 : 3));
    await program.dispose();
  });
});

describe.each([{ name: "gelu", f: gelu }, { name: "geluTanh", f: geluTanh }, { name: "silu", f: silu }])("$name", ({ f }) => {
  test("is on onnx as on the reference, with derivatives, for any number of axes", async () => {
    const shapes = fc.tuple(seeds, fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }).chain((names) => fc.tuple(...names.map((name, at) => axis(`${name}${at}`)))));
    await requireEnginesAgree(shapes.map(([seed, axes]): ConformanceCase => ({
      seed, feeds: { x: float(...axes) },
      build: (tensors) => withSlopes({ y: f(feed(tensors, "x")) }, [feed(tensors, "x")]),
    })));
  });

  test("has true derivatives", async () => {
    const [x, z] = [variable("x", [2, 4], 1, 4), variable("z", [2, 1, 3], 2, 4)];
    await requireTrueSlopes([x, z], () => [f(x.tensor), f(z.tensor)]);
  });
});
