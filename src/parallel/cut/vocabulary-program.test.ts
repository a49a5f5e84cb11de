import { fc, test as prop } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { NumericArray } from "../../engines/engine.ts";
import { reference } from "../../engines/reference/engine.ts";
import { gradients } from "../../graph/gradients.ts";
import { float32, int32 } from "../../graph/program.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import { linearCrossEntropy } from "../../nn/loss.ts";
import { normalInitializer } from "../../nn/initializer.ts";
import { Module, Parameter } from "../../nn/module.ts";
import { gradientName } from "../../train/update-program.ts";
import { cutVocabulary } from "./vocabulary-cut.ts";
import { VocabularyProgram } from "./vocabulary-program.ts";
import { shardRows, WeightRows } from "./vocabulary-rows.ts";

class Projection extends Module {
  readonly first = new Parameter([3, 4], normalInitializer(1));
  readonly weight = new Parameter([11, 4], normalInitializer(2));
  readonly bias = new Parameter([11], normalInitializer(2));
}

const model = new Projection().seed(5);
const parameters = model.parameters();
const options = { bias: model.bias.tensor, labelSmoothing: 0.1, zLoss: 0.05 };
const signature = { x: float32("batch", "time", 3), labels: int32("batch", "time"), factors: float32("batch", "time") };
const tensors = { x: input("x", "float32", ["batch", "time", 3]), labels: input("labels", "int32", ["batch", "time"]), factors: input("factors", "float32", ["batch", "time"]) };
const hidden = tensors.x.matmul(model.first.tensor);
const numbers = (length: number, value: (at: number) => number): Float32Array => Float32Array.from({ length }, (_, at) => value(at));

function lossOf(weight: Tensor): Tensor {
  return linearCrossEntropy(hidden, weight, tensors.labels, options).losses.multiply(tensors.factors).sum();
}

/** More positions than one block of rows has. */
const [batch, time] = [7, 43];
const feeds = {
  x: { data: numbers(3 * batch * time, (at) => Math.sin(at * 1.7) * 3), shape: [batch, time, 3] },
  labels: { data: Int32Array.from({ length: batch * time }, (_, at) => (at * at) % 11), shape: [batch, time] },
  factors: { data: numbers(batch * time, (at) => at % 3), shape: [batch, time] },
};

test.each([[[0, 4, 8, 11]], [[0, 1, 11]], [[0, 11]]])("shards that begin at %j: loss and gradients of the whole", async (starts) => {
  const loss = lossOf(model.weight.tensor);
  const whole = await reference().compile(signature, () => {
    const [byHidden, byWeight, byBias] = gradients(loss, [hidden, model.weight.tensor, model.bias.tensor]);
    if (byHidden === undefined || byWeight === undefined || byBias === undefined) throw new Error("Three derivatives were asked for.");
    return { loss, hidden, byHidden, byWeight, byBias };
  });
  const expected = await whole.run(feeds);
  const cut = cutVocabulary(loss, parameters);
  const engine = reference();
  const shards = await Promise.all(starts.slice(1).map(async (end, shard) => {
    const row = starts[shard] ?? 0;
    const state = engine.createState();
    const rows = { weight: new WeightRows(model.weight, row, end - row), bias: new WeightRows(model.bias, row, end - row) };
    return { state, program: await VocabularyProgram.compile(engine, state, { signature, cut, rows, shard, shards: starts.length - 1, trains: true }) };
  }));
  const records = await Promise.all(shards.map(({ program }) => program.forward(feeds, 0, expected.hidden)));
  const statistics = records.map((record) => record.statistics);
  const [first] = shards;
  const [firstRecord] = records;
  if (first === undefined || firstRecord === undefined) throw new Error("There is a shard.");
  expect(await first.program.result(firstRecord, statistics)).toBeCloseTo(Number(expected.loss.data[0]), 8);
  const parts: NumericArray[] = [];
  for (const [at, { program }] of shards.entries()) parts.push(await program.backward(records[at] ?? firstRecord, statistics));
  const requireSame = (actual: readonly number[], { data }: NumericArray): void => {
    expect(actual).toHaveLength(data.length);
    expect(Math.max(...actual.map((value, at) => Math.abs(value - (data[at] ?? NaN))))).toBeLessThan(1e-9);
  };
  requireSame(Array.from(expected.byHidden.data, (_, at) => parts.reduce((sum, { data }) => sum + (data[at] ?? NaN), 0)), expected.byHidden);
  requireSame(shards.flatMap(({ state }) => [...state.read(gradientName("weight"))]), expected.byWeight);
  requireSame(shards.flatMap(({ state }) => [...state.read(gradientName("bias"))]), expected.byBias);
});

describe("words are shared", () => {
  const sizes = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.nat(500), fc.nat(20), fc.nat(20));
  prop.prop([sizes])("so that each shard has one at least, and the first no more than any other", ([shards, more, body, projection]) => {
    const starts = shardRows(shards + more, shards, { body, projection });
    const rows = starts.slice(1).map((start, at) => start - (starts[at] ?? 0));
    expect(rows).toHaveLength(shards);
    expect(Math.min(...rows)).toBeGreaterThan(0);
    expect(starts.at(-1)).toBe(shards + more);
    expect(rows[0]).toBeLessThanOrEqual(Math.min(...rows.slice(1)));
  });

  test("so that all are at work as long: a body of 10 beside a projection of 90 leaves the first of two 40", () => {
    expect(shardRows(900, 2, { body: 10, projection: 90 })).toEqual([0, 400, 900]);
    expect(shardRows(900, 3, { body: 0, projection: 90 })).toEqual([0, 300, 600, 900]);
    expect(shardRows(900, 3, { body: 90, projection: 90 })).toEqual([0, 1, 451, 900]);
  });
});

test.each([
  [() => hidden.sum(), /the loss has no projection onto the vocabulary/],
  [() => lossOf(model.weight.tensor).add(lossOf(model.weight.tensor)), /more than one projection/],
  [() => lossOf(model.weight.tensor.multiply(2)), /its weight or bias is not a parameter, but computed from others/],
  [() => lossOf(model.weight.tensor).add(hidden.square().sum()), /the loss rests on more of the model than what is projected onto it/],
  [() => linearCrossEntropy(hidden.add(model.bias.tensor.sum()), model.weight.tensor, tensors.labels, options).losses.sum(), /"bias" is its bias, and read elsewhere/],
] as const)("a loss that cannot be cut is refused with a sentence (%#)", (build, message) => {
  expect(() => cutVocabulary(build(), parameters)).toThrow(message);
});
