import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { renderSvg } from "../plot/index.ts";
import { mapStates, stateMapFigure } from "./state-map.ts";

const labelled = (rows: readonly (readonly number[])[]) => rows.map((state, index) => ({ state, label: `s${index}` }));

describe("a map of states", () => {
  test("turns points in a plane on their long axis", () => {
    // Along (3, 4)/5 at -10, 0, 10 and across it at ±1: variances 200 and 2, so shares 100/101 and 1/101.
    const { points, explainedVariance } = mapStates(
      labelled([
        [-6, -8],
        [6, 8],
        [-0.8, 0.6],
        [0.8, -0.6],
      ]),
    );
    const expected = [
      [-10, 0],
      [10, 0],
      [0, -1],
      [0, 1],
    ];
    points.forEach((point, index) => {
      expect(point.x).toBeCloseTo(expected[index]?.[0] ?? NaN, 9);
      expect(point.y).toBeCloseTo(expected[index]?.[1] ?? NaN, 9);
    });
    expect(explainedVariance[0]).toBeCloseTo(100 / 101, 9);
    expect(explainedVariance[1]).toBeCloseTo(1 / 101, 9);
  });

  const coordinates = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
    minLength: 3,
    maxLength: 8,
  });
  property.prop([coordinates.filter((rows) => new Set(rows.map(String)).size > 1)])(
    "keeps all distances between states that lie in a plane of a large space",
    (rows) => {
      // Two orthonormal directions in 1000 dimensions: more numbers than states.
      const first = Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? Math.SQRT2 / Math.sqrt(1000) : 0));
      const second = Array.from({ length: 1000 }, (_, index) => (index % 2 === 1 ? Math.SQRT2 / Math.sqrt(1000) : 0));
      const states = rows.map(([a, b]) => first.map((value, index) => 5 + a * value + b * (second[index] ?? 0)));
      const { points, explainedVariance } = mapStates(labelled(states));
      expect(explainedVariance[0] + explainedVariance[1]).toBeCloseTo(1, 6);
      rows.forEach(([a, b], i) => {
        rows.forEach(([c, d], j) => {
          const mapped = Math.hypot(
            (points[i]?.x ?? NaN) - (points[j]?.x ?? NaN),
            (points[i]?.y ?? NaN) - (points[j]?.y ?? NaN),
          );
          expect(mapped).toBeCloseTo(Math.hypot(a - c, b - d), 6);
        });
      });
    },
  );

  test("becomes a figure with labels, groups and shares of variance", async () => {
    const states = [
      { state: [1, 2, 0], label: "She gave him a card", group: "she" },
      { state: [-1, 2, 1], label: "He gave her a card", group: "he" },
      { state: [0, -3, 2], label: "A card was given", group: "neither" },
    ];
    const svg = await renderSvg(stateMapFigure(mapStates(states)));
    for (const { label } of states) expect(svg).toContain(label);
    expect(svg).toMatch(/component 1 \(\d+ % of variance\)/);
  });

  test("is refused where there is none", () => {
    expect(() => mapStates(labelled([[1, 2]]))).toThrow("[1, 2]");
    expect(() =>
      mapStates(
        labelled([
          [1, 2],
          [1, 2, 3],
        ]),
      ),
    ).toThrow('State 1 ("s1") has 3 numbers');
    expect(() =>
      mapStates(
        labelled([
          [1, 2],
          [1, NaN],
        ]),
      ),
    ).toThrow("holds NaN");
    expect(() =>
      mapStates(
        labelled([
          [1, 2],
          [1, 2],
        ]),
      ),
    ).toThrow("All states are equal");
    expect(() => mapStates(labelled([[0.1, 0.7], [0.1, 0.7], [0.1, 0.7]]))).toThrow("All states are equal"); // whose mean is another number
  });
});
