import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import type { NumericArray } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { gradients } from "../graph/gradients.ts";
import { isNode } from "../graph/node.ts";
import { buildProgram, float32 } from "../graph/program.ts";
import { constant, iota, type Tensor } from "../graph/tensor.ts";
import { topologicalOrder } from "../graph/traverse.ts";
import { attention, loopOver, type AttentionLoop, type AttentionOptions } from "./attention-product.ts";
import { axis, feed, fixed, flag, float, integers, randomNumbers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";

const LOOPS = ["none", "sentence", "head"] as const satisfies readonly AttentionLoop[];

describe.each(LOOPS)("loop over: %s", (loop) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, axis("batch"), axis("time"), axis("keys"), size, fc.constantFrom(1, 2), flag, flag, flag, flag);
    await requireEnginesAgree(shapes.map(([seed, batch, time, keys, width, groups, self, causal, masked, dropped]): ConformanceCase => {
      const source = self ? time : keys;
      return {
        seed,
        feeds: {
          q: float(batch, fixed(4), time, fixed(width)), k: float(batch, fixed(2 * groups), source, fixed(width)), v: float(batch, fixed(2 * groups), source, fixed(width)),
          lengths: integers(4, batch), segments: integers(2, batch, time),
        },
        build: (tensors) => {
          const [q, k, v] = [feed(tensors, "q"), feed(tensors, "k"), feed(tensors, "v")];
          const mask = iota([k.dim(0), k.dim(2)], 1).lessEqual(feed(tensors, "lengths").expandDims(1));
          return withSlopes({ y: attention(q, k, v, {
            causal: causal && self, mask: masked ? mask : undefined, segments: self && !masked ? feed(tensors, "segments") : undefined,
            dropout: dropped ? { rate: 0.4, seed: constant(seed, "int32"), stream: 5 } : undefined, loop,
          }) }, [q, k, v]);
        },
      };
    }), 20);
  });

  test("has true derivatives, those of dropped out probabilities too", async () => {
    const [q, k, v] = [variable("q", [2, 4, 3, 2]), variable("k", [2, 2, 3, 2]), variable("v", [2, 2, 3, 2])];
    await requireTrueSlopes([q, k, v], () => [attention(q.tensor, k.tensor, v.tensor, {
      causal: true, mask: constant([1, 1, 0, 0, 1, 1], "int32", [2, 3]).cast("bool"), segments: constant([0, 0, 0, 1, 1, 2], "int32", [2, 3]),
      dropout: { rate: 0.3, seed: constant(4, "int32"), stream: 9 }, loop,
    })]);
  });

  test("drops out other probabilities in each sentence, head and step", async () => {
    const ones = constant(1).broadcastTo([2, 2, 8, 1]);
    const kept = (seed: number): Tensor => (
      attention(ones, ones, ones, { dropout: { rate: 0.5, seed: constant(seed, "int32"), stream: 1 }, loop }));
    const program = await reference().compile({}, () => ({ y: kept(1), z: kept(2), again: kept(1) }));
    const { y, z, again } = await program.run({});
    const shares = [y, z].flatMap(({ data }) => [0, 8, 16, 24].map((start) => [...data.slice(start, start + 8)].join()));
    expect(new Set(shares).size).toBe(8);
    expect([...again.data]).toEqual([...y.data]);
    const mean = [...y.data, ...z.data].reduce((sum, value) => sum + value, 0) / 64;
    expect(Math.abs(mean - 1)).toBeLessThan(0.2); // four deviations of 512 coins
  });
});

type Shape = readonly [batch: number, heads: number, groups: number, time: number, size: number];

async function run([batch, heads, groups, time, width]: Shape, named: boolean, build: (q: Tensor, k: Tensor, v: Tensor) => Tensor): Promise<Readonly<Record<string, NumericArray>>> {
  const dims = (count: number) => float32(batch, count, named ? "time" : time, width);
  const program = await onnx({ threads: 1 }).compile({ q: dims(heads), k: dims(groups), v: dims(groups) }, ({ q, k, v }) => withSlopes({ y: build(q, k, v) }, [q, k, v]));
  const array = (count: number, seed: number) => (
    { data: Float32Array.from(randomNumbers(batch * count * time * width, seed, 2)), shape: [batch, count, time, width] });
  const results = await program.run({ q: array(heads, 1), k: array(groups, 2), v: array(groups, 3) });
  await program.dispose();
  return results;
}

describe("long sequences in blocks are what they are in one piece", () => {
  test.each([
    [[2, 2, 2, 128, 4], {}], [[2, 4, 2, 150, 8], { masked: true }], [[2, 2, 1, 300, 4], { segmented: true }], [[1, 2, 2, 520, 8], {}],
    [[1, 2, 2, 600, 4], { causal: false }],
  ] as const satisfies readonly (readonly [Shape, { causal?: boolean; masked?: boolean; segmented?: boolean }])[])("%j %j", async (shape, choices) => {
    const { causal = true, masked = false, segmented = false } = choices as { causal?: boolean; masked?: boolean; segmented?: boolean };
    const build = (loop?: AttentionLoop) => (q: Tensor, k: Tensor, v: Tensor): Tensor => {
      const places = iota([shape[0], q.dim(2)], 1);
      const options: AttentionOptions = {
        causal, mask: masked ? places.less(140) : undefined, segments: segmented ? places.subtract(70).maximum(0).minimum(1) : undefined, ...(loop && { loop }),
      };
      return attention(q, k, v, options);
    };
    const [blocks, whole] = [await run(shape, false, build()), await run(shape, true, build("none"))];
    for (const [name, array] of Object.entries(whole)) requireClose(name, blocks[name], array, 1e-5);
  });

  test("their derivatives are those of central differences where probabilities are dropped out", async () => {
    const [q, k, v] = [variable("q", [1, 1, 130, 2]), variable("k", [1, 1, 130, 2]), variable("v", [1, 1, 130, 2])];
    const [step, draw] = [1e-4, constant(3, "int32")];
    const program = await reference().compile({}, () => {
      const along = [5, 6, 7].map((seed) => constant(randomNumbers(260, seed), "float32", [1, 1, 130, 2]));
      const loss = (by: number): Tensor => {
        const [a = q.tensor, b = k.tensor, c = v.tensor] = [q, k, v].map(({ tensor }, at) => (by === 0 ? tensor : tensor.add(along[at]?.multiply(by) ?? 0)));
        return attention(a, b, c, { causal: true, dropout: { rate: 0.2, seed: draw, stream: 1 } }).square().sum();
      };
      const slope = gradients(loss(0), [q.tensor, k.tensor, v.tensor]).map((own, at) => own.multiply(along[at] ?? 0).sum()).reduce((sum, term) => sum.add(term));
      return { slope, difference: loss(step).subtract(loss(-step)).divide(2 * step) };
    });
    const { slope, difference } = await program.run({});
    expect(Number(slope.data[0]) / Number(difference.data[0])).toBeCloseTo(1, 6);
  });
});

test("no array of a training step at 1,024 positions is as large as the scores of one head", () => {
  const [batch, heads, time, width] = [4, 4, 1024, 32];
  const dims = float32(batch, heads, time, width);
  const { fetches } = buildProgram({ q: dims, k: dims, v: dims }, ({ q, k, v }) => withSlopes({ y: attention(q, k, v, { causal: true }) }, [q, k, v]));
  const sizes: number[] = [];
  const visit = (tensors: readonly Tensor[]): void => {
    for (const node of topologicalOrder(tensors)) {
      sizes.push(...node.types.map(({ shape }) => shape.reduce<number>((product, dim) => product * Number(dim), 1)));
      if (isNode(node, "scan")) visit([...node.attributes.body.nextCarries, ...node.attributes.body.outputs]);
      if (isNode(node, "composite")) visit(node.attributes.results);
    }
  };
  visit(fetches.map(({ tensor }) => tensor));
  expect(Math.max(...sizes)).toBeLessThan(time * time);
});

test("the loop follows from what is known of the lengths", () => {
  expect([loopOver("time", "time"), loopOver(64, 64), loopOver(255, "source"), loopOver(16, 256), loopOver(256, 256), loopOver(1024, 1024)])
    .toEqual(["none", "none", "none", "sentence", "sentence", "head"]);
});
