import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant, iota, type Tensor } from "../graph/tensor.ts";
import { Attention, type AttentionKind } from "./attention.ts";
import { axis, feed, fixed, flag, float, integers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";

const kinds = ["additive", "dot", "general"] as const satisfies readonly AttentionKind[];

/** True at the first `lengths` + 1 positions of each row of [batch, source, …]. */
function maskOf(values: Tensor, lengths: Tensor): Tensor {
  return iota(values.shape.slice(0, 2), 1).lessEqual(lengths.expandDims(1));
}

describe.each(kinds)("%s attention", (kind) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, axis("batch"), axis("queries"), axis("source"), size, size, flag);
    await requireEnginesAgree(shapes.map(([seed, batch, queries, source, hidden, other, stepped]): ConformanceCase => {
      const memory = kind === "dot" ? hidden : other;
      const layer = new Attention(kind, hidden, memory).seed(seed);
      return {
        seed,
        feeds: {
          q: stepped ? float(queries, batch, fixed(hidden)) : float(batch, queries, fixed(hidden)),
          values: float(batch, source, fixed(memory)), lengths: integers(4, batch),
        },
        build: (tensors) => {
          const [q, values] = [feed(tensors, "q"), feed(tensors, "values")];
          const prepared = layer.prepare(values, maskOf(values, feed(tensors, "lengths")));
          const attended = stepped ? layer.overTime(q, prepared) : layer.forward(q, prepared);
          return withSlopes({ ...attended }, [q, values, ...layer.parameters().map(({ tensor }) => tensor)]);
        },
      };
    }));
  });

  test.each(["forward", "overTime"] as const)("has true derivatives: %s", async (method) => {
    const layer = new Attention(kind, 2, kind === "dot" ? 2 : 3).seed(2);
    const q = variable("q", method === "forward" ? [2, 3, 2] : [3, 2, 2]);
    const values = variable("values", [2, 3, layer.memory]);
    await requireTrueSlopes([q, values, ...layer.parameters()], () => {
      const attended = layer[method](q.tensor, layer.prepare(values.tensor, maskOf(values.tensor, constant([2, 0], "int32"))));
      return [attended.output, attended.weights];
    });
  });

  test("over time gives what it gives query by query", async () => {
    const layer = new Attention(kind, 2, 2).seed(3);
    const [q, values] = [variable("q", [3, 2, 2]), variable("values", [2, 4, 2])];
    const program = await reference().compile({}, () => {
      const memory = layer.prepare(values.tensor, maskOf(values.tensor, constant([3, 1], "int32")));
      const [all, each] = [layer.overTime(q.tensor, memory), layer.forward(q.tensor.transpose([1, 0, 2]), memory)];
      return { output: all.output, weights: all.weights, outputEach: each.output.transpose([1, 0, 2]), weightsEach: each.weights };
    });
    const { output, weights, outputEach, weightsEach } = await program.run({});
    requireClose("output", output, outputEach, 1e-14);
    requireClose("weights", weights, weightsEach, 1e-14);
  });

  test("gives each query weights that sum to 1 over real positions and are 0 at all others", async () => {
    const layer = new Attention(kind, 3, 3).seed(4);
    const [q, values] = [variable("q", [2, 2, 3]), variable("values", [2, 4, 3])];
    const program = await reference().compile({}, () => (
      { weights: layer.forward(q.tensor, layer.prepare(values.tensor, maskOf(values.tensor, constant([3, 1], "int32")))).weights }));
    const { weights } = await program.run({});
    for (let row = 0; row < 4; row++) {
      const own = [...weights.data.slice(4 * row, 4 * row + 4)];
      expect(own.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
      if (row >= 2) expect(own.slice(2)).toEqual([0, 0]);
    }
  });

  test("is the published formula", async () => {
    const layer = new Attention(kind, 2, 2).seed(5);
    const [q, values] = [variable("q", [1, 1, 2]), variable("values", [1, 3, 2])];
    const engine = reference();
    const state = engine.createState();
    const program = await engine.compile({}, () => (
      { ...layer.forward(q.tensor, layer.prepare(values.tensor, maskOf(values.tensor, constant([2], "int32")))) }), { state });
    const { output, weights } = await program.run({});
    [q, values, ...layer.parameters()].forEach((each) => state.declare(each));
    const array = (name: string): number[] => [...state.read(name)];
    const product = (row: readonly number[], matrix: readonly number[], columns: number): number[] => (
      Array.from({ length: columns }, (_, column) => row.reduce((sum, value, at) => sum + value * (matrix[at * columns + column] ?? NaN), 0)));
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? NaN), 0);
    const h = array("q");
    const states = [0, 1, 2].map((at) => array("values").slice(2 * at, 2 * at + 2));
    const score = (s: readonly number[]): number => {
      if (kind === "dot") return dot(h, s);
      const key = product(s, array("weightKey"), 2);
      if (kind === "general") return dot(h, key);
      const query = product(h, array("weightQuery"), 2);
      return dot(query.map((value, at) => Math.tanh(value + (key[at] ?? NaN))), array("vector"));
    };
    const powers = states.map((s) => Math.exp(score(s)));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const context = [0, 1].map((unit) => states.reduce((sum, s, at) => sum + ((powers[at] ?? NaN) / total) * (s[unit] ?? NaN), 0));
    requireClose("weights", weights, { shape: [1, 1, 3], data: Float64Array.from(powers, (power) => power / total) }, 1e-13);
    requireClose("output", output, { shape: [1, 1, 2], data: Float64Array.from(product([...context, ...h], array("weightOutput"), 2), Math.tanh) }, 1e-13);
  });
});

test("dot attention refuses states of different sizes", () => {
  expect(() => new Attention("dot", 4, 6)).toThrow("the decoder's have 4 units, the encoder's 6");
});
