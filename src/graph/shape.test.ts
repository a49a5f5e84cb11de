import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { broadcastShapes, completeShape, formatShape, normalizeAxis, resolveShape, shapeSize, shapesEqual, type Shape } from "./shape.ts";

describe("shapes", () => {
  test("print with their names", () => {
    expect(formatShape(["batch", "time+1", 512])).toBe("[batch, time+1, 512]");
    expect(formatShape([])).toBe("[]");
  });

  test("broadcast from the last axis on", () => {
    expect(broadcastShapes(["batch", 1, 3], ["time", 1])).toEqual(["batch", "time", 3]);
    expect(broadcastShapes([], [2], [1, 1])).toEqual([1, 2]);
    expect(broadcastShapes([0], [1])).toEqual([0]);
    expect(() => broadcastShapes(["batch", 3], ["batch", 4])).toThrow("shapes [batch, 3] and [batch, 4] do not broadcast: 3 and 4 differ");
    expect(() => broadcastShapes(["batch"], ["time"])).toThrow("batch and time differ");
  });

  test("broadcast to a shape with which each broadcasts without change", () => {
    const dim = fc.constantFrom(1, 2, "n");
    const shape = fc.array(dim, { maxLength: 3 });
    fc.assert(fc.property(shape, shape, (a: Shape, b: Shape) => {
      let both: Shape;
      try {
        both = broadcastShapes(a, b);
      } catch {
        return;
      }
      expect(broadcastShapes(b, a)).toEqual(both);
      expect(broadcastShapes(both, a)).toEqual(both);
      expect(both.length).toBe(Math.max(a.length, b.length));
    }));
  });

  test("have a size", () => {
    expect(shapeSize(["batch", 3, "time", 2])).toBe("6*batch*time");
    expect(shapeSize([])).toBe(1);
    expect(resolveShape(["batch*time", "time-1", 4], new Map([["batch", 2], ["time", 3]]))).toEqual([6, 2, 4]);
  });

  test("are equal when every axis is", () => {
    expect(shapesEqual(["batch", 3], ["batch", 3])).toBe(true);
    expect(shapesEqual([], [1])).toBe(false);
  });

  test("complete one -1", () => {
    expect(completeShape(["batch", "time", 6], [-1, 3])).toEqual(["2*batch*time", 3]);
    expect(completeShape([4, 6], [2, -1])).toEqual([2, 12]);
    expect(completeShape([0, 3], [-1, 3])).toEqual([0, 3]);
    expect(() => completeShape(["batch", 5], [-1, 2])).toThrow("[batch, 5] cannot be divided into [-1, 2]");
    expect(() => completeShape([0, 3], [-1, 0])).toThrow("cannot be divided");
    expect(() => completeShape([4], [-1, -1])).toThrow("[-1, -1] leaves more than one size open");
    expect(() => completeShape([2, 3], [7])).toThrow("[2, 3] has 6 elements, [7] has 7");
  });

  test("count axes from either end", () => {
    expect(normalizeAxis(-1, 3)).toBe(2);
    expect(() => normalizeAxis(3, 3)).toThrow("axis 3 is out of range for 3 dimensions");
    expect(() => normalizeAxis(-4, 3)).toThrow("axis -4 is out of range");
    expect(() => normalizeAxis(0.5, 3)).toThrow("axis 0.5 is out of range");
  });
});
