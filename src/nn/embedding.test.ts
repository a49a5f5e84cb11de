import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant } from "../graph/tensor.ts";
import { Embedding } from "./embedding.ts";
import { axis, feed, flag, integers, requireEnginesAgree, requireTrueSlopes, seeds, size, withSlopes } from "./fixtures/layer-checks.ts";

test("is on onnx as on the reference, with derivatives", async () => {
  await requireEnginesAgree(fc.tuple(seeds, axis("time"), axis("batch"), size, size, flag).map(([seed, time, batch, vocabulary, dimension, deep]): ConformanceCase => {
    const layer = new Embedding(vocabulary, dimension).seed(seed);
    return {
      seed, feeds: { tokens: deep ? integers(vocabulary, time, batch) : integers(vocabulary, batch) },
      build: (tensors) => withSlopes({ vectors: layer.forward(feed(tensors, "tokens")) }, layer.parameters().map(({ tensor }) => tensor)),
    };
  }));
});

test("has true derivatives, also of a row that is taken twice and of one that is not", async () => {
  const layer = new Embedding(4, 2).seed(1);
  await requireTrueSlopes(layer.parameters(), () => [layer.forward(constant([3, 0, 3], "int32", [1, 3]))]);
});

test("takes the rows of its matrix", async () => {
  const layer = new Embedding(3, 2);
  const program = await reference().compile({}, () => ({ vectors: layer.forward(constant([2, 0], "int32")) }));
  program.state.write("weight", [1, 2, 3, 4, 5, 6]);
  expect([...(await program.run({})).vectors.data]).toEqual([5, 6, 1, 2]);
});
