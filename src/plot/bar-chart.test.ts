import { expect, test } from "vitest";
import { barChart } from "./bar-chart.ts";
import { errorBars } from "./fixtures/svg-geometry.ts";
import { renderSvg } from "./render.ts";

const axes = { x: { title: "test set" }, y: { title: "PER", unit: "%" } };

/** The heights in pixels of the bars, in drawing order. */
function barHeights(svg: string): number[] {
  const marks = svg.matchAll(/aria-roledescription="bar" d="[^"]*?v([\d.]+)h-/g);
  return [...marks].map(([, height]) => Number(height));
}

test("lengths are proportional to values, even far from zero", async () => {
  const bars = [
    { category: "a", value: 90 },
    { category: "b", value: 100 },
  ];
  const [short = NaN, long = NaN] = barHeights(await renderSvg(barChart({ ...axes, bars })));
  expect(short / long).toBeCloseTo(0.9, 2);
});

test("error bars stand on the middle of their bar", async () => {
  const bars = [
    { category: "common", group: "LSTM", value: 5, lower: 4, upper: 6 },
    { category: "common", group: "Transformer", value: 4 },
  ];
  const svg = await renderSvg(barChart({ ...axes, y: { ...axes.y, domain: [0, 10] }, bars }));
  const [bar, ...others] = errorBars(svg);
  const [, width] = /aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)/.exec(svg) ?? [];
  expect(others).toEqual([]);
  expect(bar?.from).toBeCloseTo(180, 9);
  expect(bar?.to).toBeCloseTo(120, 9);
  // The two bars of the only category meet in the middle of the chart.
  expect(bar?.x).toBeCloseTo(240 - Number(width) / 2, 6);
});

test("an ill-formed bar is named by its category and group", () => {
  const bars = [{ category: "rare", group: "LSTM", value: NaN }];
  expect(() => barChart({ ...axes, bars })).toThrow('Bar "rare" of group "LSTM": the value for axis "PER" is NaN');
});
