import { describe, expect, it } from "vitest";
import { inverseTransposed, leastSquares, singularValues, triangleOf } from "./matrix.ts";

describe("linear algebra", () => {
  it("solves the normal equations' solution of a straight line", () => {
    // y = 1 + 2 x with the last point off by 3: by hand, slope 2.9 and height 0.4.
    const values = Float64Array.of(1, 0, 1, 1, 1, 2, 1, 3);
    const { coefficients, squares } = leastSquares({ values, rows: 4, columns: 2 }, Float64Array.of(1, 3, 5, 10));
    expect(coefficients[1]).toBeCloseTo(2.9, 12);
    expect(coefficients[0]).toBeCloseTo(0.4, 12);
    expect(squares).toBeCloseTo(0.36 + 0.09 + 1.44 + 0.81, 12);
  });

  it("gives the singular values of a matrix whose product with its transpose has known roots", () => {
    // [[3, 0], [4, 5]]: 3√5 and √5 (Strang 2016, section 7.2).
    const singular = singularValues({ values: Float64Array.of(3, 0, 4, 5), rows: 2, columns: 2 });
    expect(singular.map(({ value }) => value)).toEqual([expect.closeTo(3 * Math.sqrt(5), 12), expect.closeTo(Math.sqrt(5), 12)]);
    const [first] = singular;
    expect(Math.abs(first?.vector[0] ?? 0)).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it("finds the direction that two equal columns leave open", () => {
    const singular = singularValues({ values: Float64Array.of(1, 1, 2, 2, 3, 3), rows: 3, columns: 2 });
    expect(singular[1]?.value).toBeLessThan(1e-14);
  });

  it("inverts a product with its transpose by the triangle", () => {
    // MᵀM = [[4, 2], [2, 3]], whose inverse is [[3, -2], [-2, 4]] / 8.
    const lower = triangleOf({ values: Float64Array.of(2, 1, 0, Math.SQRT2), rows: 2, columns: 2 });
    const [a = 0, b = 0, c = 0, d = 0] = inverseTransposed(lower, 2);
    expect([a * a + b * b, a * c + b * d, c * c + d * d]).toEqual([expect.closeTo(3 / 8, 12), expect.closeTo(-2 / 8, 12), expect.closeTo(4 / 8, 12)]);
  });
});
