import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addDims, ceilDivideDims, dimension, dimensionTerms, dimensionValue, divideDims, multiplyDims, subtractDims, type Dim } from "./dimension.ts";

const NAMES = ["batch", "time", "a.b"] as const;

/** A dimension, and the function of its names' values that it stands for. */
interface Meaning {
  readonly dim: Dim;
  readonly value: (values: ReadonlyMap<string, number>) => number;
}

const leaf: fc.Arbitrary<Meaning> = fc.oneof(
  fc.nat(7).map((size) => ({ dim: size, value: () => size })),
  fc.constantFrom(...NAMES).map((name) => ({ dim: name, value: (values: ReadonlyMap<string, number>) => values.get(name) ?? NaN })),
);

const OPERATIONS = [
  { apply: addDims, compute: (a: number, b: number) => a + b },
  { apply: subtractDims, compute: (a: number, b: number) => a - b },
  { apply: multiplyDims, compute: (a: number, b: number) => a * b },
];

const { polynomial } = fc.letrec<{ polynomial: Meaning }>((tie) => ({
  polynomial: fc.oneof({ maxDepth: 3 }, leaf, fc.tuple(tie("polynomial"), tie("polynomial"), fc.constantFrom(...OPERATIONS))
    .map(([a, b, { apply, compute }]) => ({ dim: apply(a.dim, b.dim), value: (values: ReadonlyMap<string, number>) => compute(a.value(values), b.value(values)) }))),
}));

const assignment = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).map((sizes) => new Map(NAMES.map((name, at) => [name, sizes[at] ?? 0] as const)));

describe("dimension algebra", () => {
  test("has the value of what it stands for", () => {
    fc.assert(fc.property(polynomial, assignment, ({ dim, value }, values) => {
      expect(dimensionValue(dim, values) + 0).toBe(value(values) + 0);
    }));
  });

  test("gives equal polynomials one form", () => {
    fc.assert(fc.property(polynomial, polynomial, polynomial, ({ dim: a }, { dim: b }, { dim: c }) => {
      expect(addDims(a, b)).toBe(addDims(b, a));
      expect(multiplyDims(a, b)).toBe(multiplyDims(b, a));
      expect(addDims(addDims(a, b), c)).toBe(addDims(a, addDims(b, c)));
      expect(multiplyDims(a, addDims(b, c))).toBe(addDims(multiplyDims(a, b), multiplyDims(a, c)));
      expect(subtractDims(addDims(a, b), b)).toBe(a);
      expect(subtractDims(a, a)).toBe(0);
    }));
  });

  test("reads back what it writes", () => {
    fc.assert(fc.property(polynomial, ({ dim }) => {
      if (typeof dim === "string") expect(dimension(dim)).toBe(dim);
    }));
  });

  test("divides what a single term was multiplied with", () => {
    const term = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.subarray([...NAMES])).map(([size, names]) => names.reduce<Dim>(multiplyDims, size));
    fc.assert(fc.property(polynomial, term, ({ dim }, by) => {
      expect(divideDims(multiplyDims(dim, by), by)).toBe(dim);
    }));
    expect(divideDims("time+1", 2)).toBeUndefined();
    expect(divideDims("batch*time", "width")).toBeUndefined();
    expect(divideDims(6, 4)).toBeUndefined();
    expect(divideDims("batch*time", 0)).toBeUndefined();
  });

  test("rounds up what does not divide, in sums and products like a name", () => {
    fc.assert(fc.property(polynomial, polynomial, fc.integer({ min: 1, max: 9 }), assignment, ({ dim, value }, other, size, values) => {
      const divisor = addDims(multiplyDims("batch", "batch"), size); // never 0
      const by = (values.get("batch") ?? 0) ** 2 + size;
      const [quotient, expected] = [ceilDivideDims(dim, divisor), Math.ceil(value(values) / by)];
      expect(dimensionValue(quotient, values) + 0).toBe(expected + 0);
      expect(dimensionValue(addDims(multiplyDims(quotient, other.dim), "time"), values) + 0).toBe(expected * other.value(values) + (values.get("time") ?? 0) + 0);
      expect(subtractDims(addDims(quotient, other.dim), other.dim)).toBe(quotient);
      expect(ceilDivideDims(dim, divisor)).toBe(quotient);
      expect(dimension(quotient)).toBe(quotient);
    }));
    expect([ceilDivideDims(7, 2), ceilDivideDims("6*time", 3), ceilDivideDims("batch*time", 64)]).toEqual([4, "2*time", "ceil(batch·time / 64)"]);
  });

  test.each([
    ["time * batch", "batch*time"], ["1+time", "time+1"], ["time+time", "2*time"], ["3*2", 6], ["batch-batch", 0], ["2*batch*time - 3", "2*batch*time-3"],
    ["-4+n", "n-4"],
  ])("writes %s as %s", (written, canonical) => {
    expect(dimension(written)).toBe(canonical);
  });

  test("gives its terms", () => {
    expect(dimensionTerms("2*batch*time-3")).toEqual([{ coefficient: 2, factors: ["batch", "time"] }, { coefficient: -3, factors: [] }]);
  });

  test.each([["3x"], ["a b"], [""], ["a//b"], ["2.5"], ["a+"], ["a**b"]])("refuses %s", (written) => {
    expect(() => dimension(written)).toThrow(/is not a dimension/);
  });

  test("refuses sizes that no array has", () => {
    expect(() => dimension(-1)).toThrow("-1 is not a dimension: expected a whole number, zero or more.");
    expect(() => dimension(1.5)).toThrow("1.5 is not a dimension");
    expect(() => dimension("2-5")).toThrow("-3 is not a dimension");
  });

  test("names a dimension that has no value", () => {
    expect(() => dimensionValue("batch*time", new Map([["batch", 2]]))).toThrow('The dimension "time" has no value');
  });
});
