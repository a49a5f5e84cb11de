import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { minimise } from "./lbfgs.ts";

describe("minimise", () => {
  it("finds the end of Rosenbrock's curved valley", () => {
    const { point, iterations } = minimise((x, gradient) => {
      const [a = 0, b = 0] = x;
      gradient.set([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]);
      return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    }, Float64Array.of(-1.2, 1), { tolerance: 0 });
    expect(point[0]).toBeCloseTo(1, 9);
    expect(point[1]).toBeCloseTo(1, 9);
    expect(iterations).toBeLessThan(60);
  });

  it.prop([fc.array(fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })), { minLength: 1, maxLength: 8 })])(
    "finds the centre of a bowl that is a million times steeper in some directions", (axes) => {
      const { point } = minimise((x, gradient) => {
        let value = 0;
        axes.forEach(([steepness, centre], at) => {
          const distance = (x[at] ?? 0) - centre;
          gradient[at] = 2 * 10 ** steepness * distance;
          value += 10 ** steepness * distance ** 2;
        });
        return value;
      }, new Float64Array(axes.length), { tolerance: 0 });
      axes.forEach(([, centre], at) => expect(point[at]).toBeCloseTo(centre, 5));
    });

  it("keeps out of where the function is not defined", () => {
    const { point } = minimise((x, gradient) => {
      const [a = 0] = x;
      gradient[0] = 1 - 1 / a;
      return a - Math.log(a);
    }, Float64Array.of(30));
    expect(point[0]).toBeCloseTo(1, 6);
  });
});
