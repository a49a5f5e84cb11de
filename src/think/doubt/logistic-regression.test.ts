import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { fitLogisticRegression, predict } from "./logistic-regression.ts";

const ROWS = [
  [0.126, 9.339, -0.872], [0.105, 7.322, -0.928], [1.304, 14.735, -1.141], [-1.265, 6.884, -0.992], [-2.325, 8.906, -1.249], [-0.732, 7.279, -1.063],
  [0.412, 15.213, -1.026], [1.366, 6.674, -0.93], [0.903, 10.47, -1.149], [-0.922, 7.711, -0.956], [-1.01, 8.954, -1.032], [0.541, 11.073, -0.929],
];
const LABELS = [1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0].map(Boolean);

describe("logistic regression", () => {
  // SciPy's BFGS on the same penalised loss of features standardised by NumPy.
  it.each([
    [1, [0.30463524, -0.86005193, -0.01863724], -0.01819029],
    [0.1, [0.85061196, -1.693998, -0.34783587], -0.04525132],
  ])("with a penalty of %d has SciPy's weights", (penalty, weights, bias) => {
    const fitted = fitLogisticRegression(ROWS, LABELS, { penalty });
    fitted.weights.forEach((weight, at) => expect(weight).toBeCloseTo(weights[at] ?? NaN, 5));
    expect(fitted.bias).toBeCloseTo(bias, 5);
  });

  it("of two groups without a penalty gives each group's share", () => {
    // 3 of 4 where the feature is 1, 1 of 4 where it is 0.
    const rows = [1, 1, 1, 1, 0, 0, 0, 0].map((value) => [value]);
    const fitted = fitLogisticRegression(rows, [true, true, true, false, true, false, false, false], { penalty: 0 });
    expect(predict(fitted, [1])).toBeCloseTo(3 / 4, 6);
    expect(predict(fitted, [0])).toBeCloseTo(1 / 4, 6);
  });

  const labelled = fc.array(fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true }), fc.boolean()), { minLength: 2, maxLength: 20 })
    .filter((rows) => new Set(rows.map(([, , label]) => label)).size === 2);

  it.prop([labelled, fc.constantFrom(0.5, 1, 10)])("predicts as many as there are, for its bias is not held small", (rows, penalty) => {
    const fitted = fitLogisticRegression(rows.map(([a, b]) => [a, b]), rows.map(([, , label]) => label), { penalty });
    const predicted = rows.reduce((sum, [a, b]) => sum + predict(fitted, [a, b]), 0);
    expect(predicted).toBeCloseTo(rows.filter(([, , label]) => label).length, 3);
  });

  it.prop([labelled, fc.double({ min: 0.01, max: 100, noNaN: true }), fc.double({ min: -10, max: 10, noNaN: true })])("says the same of features on another scale", (rows, factor, offset) => {
    const labels = rows.map(([, , label]) => label);
    const [first, second] = [([a, b]: readonly [number, number, boolean]) => [a, b], ([a, b]: readonly [number, number, boolean]) => [a * factor + offset, b]];
    const [fitted, scaled] = [fitLogisticRegression(rows.map(first), labels), fitLogisticRegression(rows.map(second), labels)];
    // A feature that hardly varies loses its digits in the offset.
    const spread = Math.max(...rows.map(([a]) => a)) - Math.min(...rows.map(([a]) => a));
    if (spread < 1e-3) return;
    for (const row of rows) expect(predict(scaled, second(row))).toBeCloseTo(predict(fitted, first(row)), 4);
  });

  it("goes by a feature that does not vary not at all", () => {
    const fitted = fitLogisticRegression(ROWS.map((row) => [...row, 7]), LABELS);
    expect(fitted.weights[3]).toBe(0);
  });

  it("says what does not fit together", () => {
    expect(() => fitLogisticRegression([[1], [2]], [true])).toThrow(/2 rows and 1 labels/);
    expect(() => fitLogisticRegression([[1], [2, 3]], [true, false])).toThrow(/A row has 2 features, but the first has 1/);
  });
});
