import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant } from "../graph/tensor.ts";
import { axis, feed, fixed, flag, float, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { Linear } from "./linear.ts";

test("is on onnx as on the reference, with derivatives", async () => {
  await requireEnginesAgree(fc.tuple(seeds, axis("time"), axis("batch"), size, size, flag, flag).map(([seed, time, batch, input, output, bias, deep]): ConformanceCase => {
    const layer = new Linear(input, output, { bias }).seed(seed);
    return {
      seed, feeds: { x: deep ? float(time, batch, fixed(input)) : float(batch, fixed(input)) },
      build: (tensors) => withSlopes({ y: layer.forward(feed(tensors, "x")) }, [feed(tensors, "x"), ...layer.parameters().map(({ tensor }) => tensor)]),
    };
  }));
});

test.each([true, false])("has true derivatives, with a bias: %s", async (bias) => {
  const layer = new Linear(2, 3, { bias }).seed(1);
  const x = variable("x", [2, 2, 2]);
  await requireTrueSlopes([x, ...layer.parameters()], () => [layer.forward(x.tensor)]);
});

test("is x W + b", async () => {
  const layer = new Linear(2, 2);
  const program = await reference().compile({}, () => ({ y: layer.forward(constant([1, 2], "float32", [1, 2])) }));
  program.state.write("weight", [1, 10, 100, 1000]);
  program.state.write("bias", [0.5, 0.25]);
  expect([...(await program.run({})).y.data]).toEqual([201.5, 2010.25]);
});
