import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply } from "./apply.ts";
import { scan } from "./control.ts";
import { evaluateGraph } from "./evaluate.ts";
import { ndArray, sizeOf } from "./nd-array.ts";
import { mix32 } from "./ops/random.ts";
import { formatGraph } from "./print.ts";
import { simplify } from "./simplify.ts";
import { concat, constant, input, ones, where, zeros, type Tensor } from "./tensor.ts";
import { TensorMap } from "./traverse.ts";

const x = input("x", "float32", ["n", 3]);
const y = input("y", "float32", ["n", 3]);
const counts = input("counts", "int32", ["n", 3]);

/** Printed graphs number their nodes alike, so equal text means equal structure. */
function expectSame(tensor: Tensor, expected: Tensor): void {
  expect(formatGraph(simplify([tensor]))).toBe(formatGraph([expected]));
}

describe("simplification", () => {
  test.each<[string, Tensor, Tensor]>([
    ["x + 0", x.add(0), x],
    ["0 + x", constant(0).add(x), x],
    ["x - 0", x.subtract(0), x],
    ["0 - x", zeros(["n", 3]).subtract(x), x.negate()],
    ["x · 1", x.multiply(ones(["n", 3])), x],
    ["1 · x", ones([3]).multiply(x), x],
    ["x · -1", x.multiply(-1), x.negate()],
    ["x / 1", x.divide(1), x],
    ["x ^ 1", x.power(1), x],
    ["counts + 0", counts.add(0), counts],
    ["x + -y", x.add(y.negate()), x.subtract(y)],
    ["-x + y", x.negate().add(y), y.subtract(x)],
    ["--x", x.negate().negate(), x],
    ["xᵀᵀ", x.transpose().transpose(), x],
    ["transpositions in a row", x.expandDims(0).transpose([1, 2, 0]).transpose([1, 2, 0]), x.expandDims(0).transpose([2, 0, 1])],
    ["reshapes in a row", x.reshape([-1]).reshape([1, "n", 3]), x.reshape([1, "n", 3])],
    ["there and back", x.reshape([-1]).reshape(["n", 3]), x],
    ["split and joined", concat(x.split([1, 2])), x],
    ["a constant's expression", x.add(constant([1, 2, 3]).multiply(2).negate()), x.add(constant([-2, -4, -6]))],
    ["a broadcast before an elementwise operation", x.multiply(constant([1, 2, 3]).broadcastTo(["n", 3])), x.multiply(constant([1, 2, 3]))],
    ["two broadcasts", x.less(0).and(x.less(0)).not().not(), x.less(0).and(x.less(0))],
    ["stopGradient", x.stopGradient().exp(), x.exp()],
    ["an empty sum", x.sum([]), x],
  ])("%s", (_name, given, expected) => {
    expectSame(given, simplify([expected])[0] ?? expected);
  });

  test("keeps the shape: 0 + a row, broadcast, is not the row", () => {
    const row = input("row", "float32", [3]);
    expect(simplify([zeros(["n", 3]).add(row)])[0]?.shape).toEqual(["n", 3]);
    expect(simplify([ones(["n", 3]).multiply(row)])[0]?.shape).toEqual(["n", 3]);
    expect(simplify([where(constant(1, "bool").broadcastTo(["n", 3]), row, 0)])[0]?.shape).toEqual(["n", 3]);
  });

  test("shares equal subexpressions, of constants too", () => {
    expect(formatGraph(simplify([x.add(y).exp(), x.add(y).exp().add(constant([1, 2, 3])).multiply(constant([1, 2, 3]))]))).toBe([
      "%0 = add(x, y) : float32 [n, 3]",
      "%1 = exp(%0) : float32 [n, 3]",
      "%2 = add(%1, [1, 2, 3]) : float32 [n, 3]",
      "%3 = multiply(%2, [1, 2, 3]) : float32 [n, 3]",
      "return %1, %3",
    ].join("\n"));
  });

  test("does not take infinities, NaN and zeros of two signs for one number", () => {
    const special = [Infinity, -Infinity, NaN, 0, -0];
    const [joined] = simplify([concat(special.map((value) => constant([value])))]);
    expect(evaluateGraph(joined === undefined ? [] : [joined], new TensorMap(), new Map())[0]?.data).toEqual(Float64Array.from(special));
  });

  test("leaves a constant of no elements in a shape that only a run knows", () => {
    const [empty = x] = simplify([constant([], "float32", [0]).reshape(["n", 0])]);
    expect(evaluateGraph([empty], new TensorMap(), new Map([["n", 3]]))[0]?.shape).toEqual([3, 0]);
  });

  test("multiplies int32 constants as int32 does, beyond 2^53 too", () => {
    const [product = x] = simplify([constant([123_456_789, -7], "int32").multiply(constant([987_654_321, 5], "int32"))]);
    expect(product.node.attributes).toMatchObject({ data: [Math.imul(123_456_789, 987_654_321), -35] });
  });

  test("leaves out the carries, slices and results of loops that nothing uses", () => {
    const z = input("z", "float32", ["time"]);
    const used = input("used", "float32", ["time"]);
    const { outputs: [wanted = z] } = scan([constant(0), constant(1), constant(2)], [z, used], ([a = z, b = z, c = z], [slice = z, other = z]) => ({
      carries: [a.add(other), b.multiply(slice), c.add(b)], outputs: [a.exp(), b, c, slice],
    }));
    expect(formatGraph(simplify([wanted]))).toBe([
      "%0, %1 = scan() : float32 [], float32 [time]",
      "  carry %2 = 0 : float32 []",
      "  slice %3 = used : float32 []",
      "  %4 = add(%2, %3) : float32 []",
      "  %5 = exp(%2) : float32 []",
      "  next %4",
      "  output %5",
      "return %1",
    ].join("\n"));
  });

  test("leaves out what only the unused results of inner loops need", () => {
    const rows = input("rows", "float32", ["time", "width"]);
    const { outputs: [sums = rows] } = scan([], [rows], (_carries, [row = rows]) => {
      const inner = scan([constant(0)], [row, row.exp()], ([sum = row], [element = row, other = row]) => (
        { carries: [sum.add(element)], outputs: [other.multiply(sum)] }));
      return { carries: [], outputs: inner.carries };
    });
    const text = formatGraph(simplify([sums]));
    expect(text).not.toContain("exp");
    expect(text).not.toContain("multiply");
  });

  test("keeps a slice for a loop's length where no other is used", () => {
    const z = input("z", "float32", ["time"]);
    const { carries: [count = z] } = scan([constant(0, "int32")], [z], ([steps = z]) => ({ carries: [steps.add(1)], outputs: [] }));
    const [simplified = count] = simplify([count]);
    const [value] = evaluateGraph([simplified], new TensorMap([[z, ndArray([4], "float32")]]), new Map([["time", 4]]));
    expect(value?.data[0]).toBe(4);
  });

  test("keeps the values of random graphs", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat(100), fc.nat(100)), { minLength: 3, maxLength: 14 }), fc.integer({ min: 1, max: 3 }), (choices, n) => {
      const pool: Tensor[] = [x, y, constant(0), constant(1), constant([0.5, -1, 1]), ones(["n", 3]), zeros(["n", 3]), constant(-1)];
      for (const [step, a, b] of choices) {
        const [left = x, right = y] = [pool[pool.length - 1 - (a % pool.length)], pool[b % pool.length]];
        pool.push(...STEPS[step]?.(left, right) ?? []);
      }
      const outputs = pool.slice(-4);
      const bound = new TensorMap([x, y].map((tensor, at) => (
        [tensor, ndArray([n, 3], "float32", Float64Array.from({ length: sizeOf([n, 3]) }, (_, element) => mix32(element + 31 * at) / 2 ** 31 - 1))] as const)));
      const dims = new Map([["n", n]]);
      const simplified = simplify(outputs);
      const [before, after] = [evaluateGraph(outputs, bound, dims), evaluateGraph(simplified, bound, dims)];
      before.forEach((value, at) => {
        expect(after[at]?.shape).toEqual(value.shape);
        expect(simplified[at]?.dtype).toBe(outputs[at]?.dtype);
        value.data.forEach((number, element) => {
          const got = after[at]?.data[element] ?? NaN;
          expect(Math.abs(got - number) <= 1e-9 * Math.max(1, Math.abs(number)) || Object.is(got, number), `${got} is not ${number}`).toBe(true);
        });
      });
    }), { numRuns: 150 });
  });
});

/** Steps from two tensors of shapes that broadcast to [n, 3] to others of such shapes. */
const STEPS: readonly ((a: Tensor, b: Tensor) => Tensor[])[] = [
  (a, b) => [a.add(b)],
  (a, b) => [a.subtract(b)],
  (a, b) => [a.multiply(b)],
  (a, b) => [a.maximum(b)],
  (a) => [a.negate()],
  (a) => [a.tanh()],
  (a) => [a.stopGradient().power(1).divide(1)],
  (a, b) => [where(a.less(b), a, b)],
  (a) => [a.broadcastTo(["n", 3])],
  (a) => (a.rank === 2 ? [a.transpose().transpose(), a.transpose().negate().transpose()] : [a.sum([])]),
  (a) => (a.rank === 2 ? [a.reshape([-1]).reshape(a.shape), a.sum(0), a.sum(0, true)] : [a.square()]),
  (a) => (a.rank > 0 && a.dim(-1) === 3 ? [concat(a.split([1, 2])), concat(a.split([2, 1]).reverse())] : [a]),
  (a, b) => {
    const rows = a.broadcastTo(["n", 3]);
    const { carries, outputs } = scan([constant([1, 1, 1]), constant([2, 2, 2])], [rows, b.broadcastTo(["n", 3])], ([p = a, q = a], [r = a, s = a]) => (
      { carries: [p.add(r).tanh(), q.multiply(1).add(0)], outputs: [p, s.negate().negate(), b.sum().add(r).add(0)] }));
    return [...outputs.slice(0, 2), ...carries.slice(0, 1), ...outputs.slice(2)];
  },
  (a) => [apply("cast", [a.less(0).not().not()], { dtype: "float32" })],
];
