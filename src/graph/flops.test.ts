import { describe, expect, test } from "vitest";
import { composite, inlineComposites, scan } from "./control.ts";
import { dimensionValue, type Dim } from "./dimension.ts";
import { flops, matrixProducts } from "./flops.ts";
import { gradients } from "./gradients.ts";
import { simplify } from "./simplify.ts";
import { input, type Tensor } from "./tensor.ts";

const matrix = (name: string, ...shape: Dim[]): Tensor => input(name, "float32", shape);

describe("one product", () => {
  test("of two matrices: two operations for each multiplication", () => {
    expect(flops([matrix("a", 3, 5).matmul(matrix("b", 5, 7))])).toBe(2 * 3 * 5 * 7);
  });

  test("of named dimensions: their values come with the batch", () => {
    const count = flops([matrix("a", "batch", "time", 5).matmul(matrix("w", 5, 7)).sum()]);
    expect(dimensionValue(count, new Map([["batch", 4], ["time", 6]]))).toBe(2 * 4 * 6 * 5 * 7);
  });

  test.each([
    [[2, 3, 4, 5], [2, 3, 5, 6], { rows: 4, inner: 5, columns: 6, together: 6 }],
    [[2, 3, 4, 5], [5, 6], { rows: 24, inner: 5, columns: 6, together: 1 }],
    [[4, 5], [3, 5, 6], { rows: 4, inner: 5, columns: 6, together: 3 }],
    [[2, 1, 4, 5], [3, 5, 6], { rows: 4, inner: 5, columns: 6, together: 6 }],
  ])("of stacks %j and %j", (left, right, product) => {
    const y = matrix("a", ...left).matmul(matrix("b", ...right));
    expect(matrixProducts([y])).toEqual([{ ...product, times: 1, transposed: false }]);
    expect(flops([y])).toBe(2 * product.rows * product.inner * product.columns * product.together);
  });

  test("tells where the right operand is transposed", () => {
    expect(matrixProducts([matrix("a", 3, 5).matmul(matrix("b", 7, 5).transpose())])).toMatchObject([{ columns: 7, transposed: true }]);
  });
});

test("additions and all else cost nothing, and what is used twice is done once", () => {
  const y = matrix("a", 3, 5).matmul(matrix("b", 5, 7));
  expect(flops([y.add(y).tanh(), y.exp().sum()])).toBe(2 * 3 * 5 * 7);
  expect(flops([matrix("a", 3, 5).add(1).sum()])).toBe(0);
});

test("a composite's products are its body's", () => {
  const [y] = composite("square", [matrix("a", 3, 3)], (a) => [a.matmul(a)]);
  expect(flops(y ? [y, y.add(1)] : [])).toBe(2 * 3 * 3 * 3);
});

describe("loops", () => {
  /** h ← tanh(x W + h U), summed, with W and U of the enclosing graph; x W stands inside the loop. */
  const loss = (x: Tensor, w: Tensor, u: Tensor): Tensor => {
    const { outputs: [hidden] } = scan([matrix("h0", "batch", 8)], [x], ([h], [now]) => {
      if (h === undefined || now === undefined) throw new Error("A step has a state and an input.");
      const next = now.matmul(w).add(h.matmul(u)).tanh();
      return { carries: [next], outputs: [next] };
    });
    if (hidden === undefined) throw new Error("The loop has an output.");
    return hidden.sum();
  };
  const [x, w, u] = [matrix("x", "time", "batch", 5), matrix("w", 5, 8), matrix("u", 8, 8)];
  const dims = new Map([["time", 11], ["batch", 3]]);

  test("multiply by their length", () => {
    expect(dimensionValue(flops([loss(x, w, u)]), dims)).toBe(2 * 11 * 3 * (5 * 8 + 8 * 8));
  });

  test("in loops multiply again, and what a body takes from outside is done once", () => {
    const shared = matrix("p", 8, 8).matmul(matrix("q", 8, 8));
    const { outputs: [y] } = scan([], [matrix("blocks", 4, "time", "batch", 5)], (_carries, [block]) => ({
      carries: [], outputs: block ? [loss(block, w, shared)] : [],
    }));
    expect(dimensionValue(flops(y ? [y] : []), dims)).toBe(4 * 2 * 11 * 3 * (5 * 8 + 8 * 8) + 2 * 8 ** 3);
  });

  test("with their gradient: two more products for each, fewer where nobody asks", () => {
    const total = loss(x, w, u);
    const full = simplify(inlineComposites([total, ...gradients(total, [x, w, u])]));
    expect(dimensionValue(flops(full), dims)).toBe(3 * 2 * 11 * 3 * (5 * 8 + 8 * 8));
    const weights = simplify(inlineComposites([total, ...gradients(total, [w, u])]));
    expect(dimensionValue(flops(weights), dims)).toBe(2 * 11 * 3 * (2 * 5 * 8 + 3 * 8 * 8)); // no ∂x
  });
});
