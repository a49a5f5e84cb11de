import fc from "fast-check";
import { expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { constant, iota, type Tensor } from "../graph/tensor.ts";
import { axis, feed, fixed, flag, float, integers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { rotate, sinusoidalPositions } from "./positions.ts";

async function numbersOf(build: () => Tensor): Promise<number[]> {
  const program = await reference().compile({}, () => ({ y: build() }));
  return [...(await program.run({})).y.data];
}

test("sinusoidal positions are the paper's waves, sines before cosines", async () => {
  const dimension = 6;
  const found = await numbersOf(() => sinusoidalPositions(constant([0, 3, 11], "int32"), dimension));
  const expected = [0, 3, 11].flatMap((position) => {
    const angles = [0, 1, 2].map((i) => position / 10_000 ** ((2 * i) / dimension));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
  found.forEach((value, at) => expect(value).toBeCloseTo(expected[at] ?? NaN, 12));
});

test("rotation multiplies pairs of features, as complex numbers, by e^(i m θ)", async () => {
  const x = variable("x", [1, 1, 3, 4]);
  const positions = [0, 2, 5];
  const found = await numbersOf(() => rotate(x.tensor, constant(positions, "int32"), 100));
  const values = x.initialize();
  positions.forEach((position, time) => {
    for (const i of [0, 1]) {
      const angle = position * 100 ** (-i / 2);
      const [a = NaN, b = NaN] = [values[4 * time + i], values[4 * time + 2 + i]];
      expect(found[4 * time + i]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 12);
      expect(found[4 * time + 2 + i]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 12);
    }
  });
});

test("rotation keeps lengths, and products of rotated vectors depend on differences of positions alone", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(500), fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 2 ** 30 }), async (m, n, shift, seed) => {
    const [q, k] = [variable("q", [1, 1, 1, 8], seed), variable("k", [1, 1, 1, 8], seed + 1)];
    const at = (position: number): Tensor => constant([position], "int32");
    const product = (a: Tensor, b: Tensor): Tensor => a.multiply(b).sum();
    const [length = NaN, rotatedLength = NaN, one = NaN, other = NaN] = await Promise.all([
      numbersOf(() => product(q.tensor, q.tensor)), numbersOf(() => product(rotate(q.tensor, at(m), 1e4), rotate(q.tensor, at(m), 1e4))),
      numbersOf(() => product(rotate(q.tensor, at(m), 1e4), rotate(k.tensor, at(n), 1e4))),
      numbersOf(() => product(rotate(q.tensor, at(m + shift), 1e4), rotate(k.tensor, at(n + shift), 1e4))),
    ]).then((found) => found.map(([value]) => value ?? NaN));
    expect(rotatedLength).toBeCloseTo(length, 10);
    expect(other).toBeCloseTo(one, 9);
  }), { numRuns: 20 });
});

test("positions of each sentence are used for its own rows", async () => {
  const x = variable("x", [2, 3, 2, 4]);
  const together = await numbersOf(() => rotate(x.tensor, constant([0, 1, 7, 8], "int32", [2, 2]), 1e4));
  const apart = await Promise.all([[0, 1], [7, 8]].map((positions, row) => (
    numbersOf(() => rotate(x.tensor.slice(0, row, row + 1), constant(positions, "int32"), 1e4)))));
  requireClose("rotated", { data: Float64Array.from(together), shape: [48] }, { data: Float64Array.from(apart.flat()), shape: [48] }, 1e-14);
});

test("both are on onnx as on the reference, with derivatives", async () => {
  const shapes = fc.tuple(seeds, axis("batch"), axis("heads"), axis("time"), size, flag);
  await requireEnginesAgree(shapes.map(([seed, batch, heads, time, half, each]): ConformanceCase => ({
    seed,
    feeds: { x: float(batch, heads, time, fixed(2 * half)), positions: integers(9, ...(each ? [batch, time] : [time])) },
    build: (tensors) => {
      const [x, positions] = [feed(tensors, "x"), feed(tensors, "positions")];
      return { ...withSlopes({ rotated: rotate(x, positions, 1e4) }, [x]), waves: sinusoidalPositions(positions, 2 * half) };
    },
  })), 16);
});

test("has true derivatives", async () => {
  const x = variable("x", [2, 2, 3, 4]);
  await requireTrueSlopes([x], () => [rotate(x.tensor, iota([3]), 10), rotate(x.tensor, constant([4, 5, 6, 1, 2, 3], "int32", [2, 3]), 10)]);
});

test("odd sizes and other shapes are refused", () => {
  expect(() => sinusoidalPositions(iota([3]), 5)).toThrow("an odd dimension, 5,");
  expect(() => rotate(variable("x", [2, 3, 4]).tensor, iota([3]), 10)).toThrow("received [2, 3, 4]");
  expect(() => rotate(variable("x", [1, 2, 3, 4]).tensor, iota([1, 1, 3], 2), 10)).toThrow("received [1, 1, 3]");
});
