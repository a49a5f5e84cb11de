import { expect, test } from "vitest";
import { pointPlaces } from "./fixtures/svg-geometry.ts";
import { renderSvg } from "./render.ts";
import { scatterChart } from "./scatter-chart.ts";
import { themes } from "./theme.ts";

const axes = { x: { title: "first" }, y: { title: "second" } };

test("points stand where their coordinates say, inside the plotting area", async () => {
  const points = [
    { x: -1, y: -1 },
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  const [a, b, c] = pointPlaces(await renderSvg(scatterChart({ ...axes, points })));
  expect(a?.x).toBeGreaterThan(0);
  expect(a?.y).toBeLessThan(300);
  expect(c?.x).toBeLessThan(480);
  expect(c?.y).toBeGreaterThan(0);
  expect((a?.x ?? NaN) + (c?.x ?? NaN)).toBeCloseTo(2 * (b?.x ?? NaN), 6);
});

test("labels are printed, on the left of points in the right third", async () => {
  const points = [
    { x: 0, y: 0, label: "west" },
    { x: 9, y: 0, label: "east" },
  ];
  const svg = await renderSvg(scatterChart({ ...axes, points }));
  expect(svg).toMatch(/text-anchor="start"[^>]*>west</);
  expect(svg).toMatch(/text-anchor="end"[^>]*>east</);
});

test("each group has one legend entry and one colour", async () => {
  const points = [
    { x: 0, y: 0, group: "active" },
    { x: 1, y: 1, group: "passive" },
    { x: 2, y: 2, group: "active" },
  ];
  const svg = await renderSvg(scatterChart({ ...axes, points }));
  expect(svg.match(/>active</g)).toHaveLength(1);
  expect(svg.match(/>passive</g)).toHaveLength(1);
  const colors = [...svg.matchAll(/aria-roledescription="point"[^>]* fill="(#\w+)"/g)].map(([, color]) => color);
  const [first, second] = themes.light.palette;
  expect(colors).toEqual([first, second, first]);
});

test("an ill-formed point is named by its label", () => {
  expect(() => scatterChart({ ...axes, points: [{ x: NaN, y: 0, label: "lost" }] })).toThrow('Point 0 ("lost")');
});

test("a fitted line has the colour of its group, and lies where its points say", async () => {
  const points = [
    { x: 0, y: 0, group: "active" },
    { x: 1, y: 1, group: "passive" },
  ];
  const lines = [{ group: "passive", points: [{ x: 0, y: 0, lower: 0, upper: 1 }, { x: 1, y: 1, lower: 0, upper: 1 }] }];
  const domain = [0, 1] as const;
  const svg = await renderSvg(scatterChart({ x: { ...axes.x, domain }, y: { ...axes.y, domain }, points, lines }));
  expect(svg).toMatch(new RegExp(`d="M0,300L480,0"[^>]* stroke="${themes.light.palette[1]}"`));
  expect(svg).toMatch(/aria-roledescription="area mark"/);
  expect(svg.match(/>passive</g)).toHaveLength(1);
});

test("an ill-formed point of a line is named", () => {
  expect(() => scatterChart({ ...axes, points: [], lines: [{ group: "a", points: [{ x: 0, y: NaN }] }] })).toThrow('Line 0 ("a"), point 0');
});
