import { describe, expect, test } from "vitest";
import { scan } from "../graph/control.ts";
import { float32, int32 } from "../graph/program.ts";
import { iota } from "../graph/tensor.ts";
import { bindDimensions } from "./dimensions.ts";
import { onnx } from "./onnx/engine.ts";
import { reference } from "./reference/engine.ts";

function zeros(...shape: number[]): { data: Float32Array; shape: number[] } {
  return { data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)), shape };
}

describe("the named dimensions of a run", () => {
  test("are read off the feeds", () => {
    const signature = { x: float32("batch", "time+1"), y: float32("time", 3), z: int32("batch*time") };
    expect(bindDimensions(signature, { x: zeros(2, 5), y: zeros(4, 3), z: zeros(8) })).toEqual(new Map([["batch", 2], ["time", 4]]));
    expect(bindDimensions({ x: float32("batch", 3) }, { x: zeros(0, 3) })).toEqual(new Map([["batch", 0]]));
  });

  test.each<[string, Record<string, { data: Float32Array; shape: number[] }>]>([
    ['The feed "y" is missing; given were: x.', { x: zeros(2, 3) }],
    ['The feed "x" is [6], expected 2 dimensions.', { x: zeros(6), y: zeros(2) }],
    ['The feed "x" is [2, 4], expected [batch, 3]: axis 1 is 4, and it should be 3.', { x: zeros(2, 4), y: zeros(2) }],
    ['The feed "y" is [5], expected [batch]: axis 0 is 5, and batch is 2.', { x: zeros(2, 3), y: zeros(5) }],
    ['The feed "x" [2, 3] has 5 numbers, its shape 6.', { x: { data: new Float32Array(5), shape: [2, 3] }, y: zeros(2) }],
  ])("are refused where they do not fit: %s", (message, feeds) => {
    expect(() => bindDimensions({ x: float32("batch", 3), y: float32("batch") }, feeds)).toThrow(message);
  });

  test("must be the dimension of a feed", () => {
    expect(() => bindDimensions({ x: float32("time+1") }, { x: zeros(3) })).toThrow('The dimension "time" has no value');
  });
});

describe.each([{ engine: onnx({ threads: 1 }) }, { engine: reference() }])("$engine.name", ({ engine }) => {
  test("serves many sizes with one executable, and gives a feed that nothing reads its shape", async () => {
    const step = await engine.compile({ x: float32("batch"), like: float32("batch", "time") }, ({ x, like }) => (
      { y: x.expandDims(1).broadcastTo(like.shape).sum(1) }));
    for (const [batch, time] of [[2, 3], [1, 1], [3, 0], [0, 2]] as const) {
      const { y } = await step.run({ x: { data: new Float32Array(batch).fill(2), shape: [batch] }, like: zeros(batch, time) });
      expect([...y.data]).toEqual(Array.from({ length: batch }, () => 2 * time));
    }
    await step.dispose();
  });

  test("refuses a slice that is beyond its axis in a run, in a loop too, and runs where it is not", async () => {
    const step = await engine.compile({ x: float32(2, "time") }, ({ x }) => ({ sums: x.slice(1, 0, 3).sum(1) }));
    const run = (time: number) => step.run({ x: { data: Float32Array.from({ length: 2 * time }, (_, at) => at), shape: [2, time] } });
    expect([...(await run(4)).sums.data]).toEqual([0 + 1 + 2, 4 + 5 + 6]);
    await expect(run(2)).rejects.toThrow("slice [2, time]: elements 0 to 3 of axis 1 were asked for, which has 2 in this run.");
    const loop = await engine.compile({ x: float32(2, "time") }, ({ x }) => ({ rows: scan([], [x], (_carries, [row = x]) => ({ carries: [], outputs: [row.slice(0, 1)] })).outputs[0] }));
    await expect(loop.run({ x: zeros(2, 0) })).rejects.toThrow("slice [time]: elements 1 to 0 of axis 0 were asked for, which has 0 in this run.");
    await Promise.all([step.dispose(), loop.dispose()]);
  });

  test("refuses an index beyond its axis", async () => {
    const step = await engine.compile({ at: int32(1) }, ({ at }) => ({ row: iota([3]).take(at), element: iota([3]).takeAlong(at) }));
    for (const index of [3, -4]) await expect(step.run({ at: { data: Int32Array.of(index), shape: [1] } })).rejects.toThrow(/index|indices/i);
    expect([...(await step.run({ at: { data: Int32Array.of(-1), shape: [1] } })).row.data]).toEqual([2]);
    await step.dispose();
  });

  test("gives the zeros of products over nothing, or says that it does not", async () => {
    const step = await engine.compile({ a: float32(2, "k", 3), b: float32(2, "k", 3) }, ({ a, b }) => ({ sums: a.transpose().matmul(b) }));
    const run = step.run({ a: zeros(2, 0, 3), b: zeros(2, 0, 3) }, (_name, _dtype, length) => new Float32Array(length).fill(7));
    if (engine.name === "onnx") await expect(run).rejects.toThrow("A product sums over k, which is 0 in this run");
    else expect([...(await run).sums.data]).toEqual(new Array(18).fill(0));
    expect([...(await step.run({ a: zeros(2, 1, 3), b: zeros(2, 1, 3) })).sums.data]).toEqual(new Array(18).fill(0));
    await step.dispose();
  });

  test("names the array whose type is another", async () => {
    const step = await onnx({ threads: 1 }).compile({ x: float32("batch"), n: int32("batch") }, ({ x, n }) => ({ y: x.add(n.cast("float32")) }));
    // Only those who do not check types, or cast as here, get so far.
    const feeds = (n: Float32Array | Float64Array) => ({ x: zeros(2), n: { data: n as unknown as Int32Array, shape: [2] } });
    await expect(step.run(feeds(new Float32Array(2)))).rejects.toThrow('The array "n" is to be int32, but its data is a Float32Array.');
    await expect(step.run(feeds(new Float64Array(2)))).rejects.toThrow('The array "n" is of float64, but the onnx engine computes in float32');
    await step.dispose();
  });

  test("takes feeds of any name, also one that the engine might give", async () => {
    const names = ["constant_0", "Add_0", "Add_1", "Add_2"];
    const step = await engine.compile(Object.fromEntries(names.map((name) => [name, float32()])), (feeds) => (
      { y: names.reduce((sum, name) => sum.multiply(10).add(feeds[name] ?? sum), iota([1]).cast("float32").add(3)) }));
    const { y } = await step.run(Object.fromEntries(names.map((name, at) => [name, { data: Float32Array.of(at + 4), shape: [] }])));
    expect([...y.data]).toEqual([34_567]);
    await step.dispose();
  });

  test("refuses a feed of another shape before it runs", async () => {
    const step = await engine.compile({ x: float32("batch", 3) }, ({ x }) => ({ y: x.exp() }));
    await expect(step.run({ x: zeros(2, 4) })).rejects.toThrow('The feed "x" is [2, 4], expected [batch, 3]');
    await step.dispose();
  });
});
