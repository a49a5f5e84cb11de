import { expect, test } from "vitest";
import { barChart } from "./bar-chart.ts";
import { errorBars } from "./fixtures/svg-geometry.ts";
import { renderSvg } from "./render.ts";

const axes = { x: { title: "test set" }, y: { title: "PER", unit: "%" } };

/** The pixels that each bar takes, in drawing order. */
function barSizes(svg: string): { width: number; height: number }[] {
  return [...svg.matchAll(/aria-roledescription="bar" d="([^"]*)"/g)].map(([, outline = ""]) => {
    const corners = [...outline.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    const extent = (places: readonly number[]): number => Math.max(...places) - Math.min(...places);
    return { width: extent(corners.map(([x]) => x)), height: extent(corners.map(([, y]) => y)) };
  });
}

test("lengths are proportional to values, even far from zero", async () => {
  const bars = [
    { category: "a", value: 90 },
    { category: "b", value: 100 },
  ];
  const [short, long] = barSizes(await renderSvg(barChart({ ...axes, bars })));
  expect((short?.height ?? NaN) / (long?.height ?? NaN)).toBeCloseTo(0.9, 2);
});

test("error bars stand on the middle of their bar", async () => {
  const bars = [
    { category: "common", group: "LSTM", value: 5, lower: 4, upper: 6 },
    { category: "common", group: "Transformer", value: 4 },
  ];
  const svg = await renderSvg(barChart({ ...axes, y: { ...axes.y, domain: [0, 10] }, bars }));
  const [bar, ...others] = errorBars(svg);
  const [first, second] = barSizes(svg);
  expect(others).toEqual([]);
  expect(bar?.from).toBeCloseTo(180, 9);
  expect(bar?.to).toBeCloseTo(120, 9);
  expect(first?.height).toBeCloseTo(150, 6);
  expect(second?.height).toBeCloseTo(120, 6);
  // The two bars of the only category meet in the middle of the chart.
  expect(bar?.x).toBeCloseTo(240 - (first?.width ?? NaN) / 2, 6);
});

test("long names stand whole under their bars, in lines", async () => {
  const name = "a test of the length split that is longer than any line";
  const svg = await renderSvg(barChart({ ...axes, bars: [{ category: name, value: 1 }, { category: "unbreakablenamethatislongerthanaline", value: 2 }] }));
  const lines = [...svg.matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g)].map(([, line = ""]) => line);
  expect(lines.join(" ")).toContain(name);
  expect(lines.every(({ length }) => length <= 18)).toBe(true);
  expect(svg).toContain("unbreakablenamethatislongerthanaline");
});

test("an ill-formed bar is named by its category and group", () => {
  const bars = [{ category: "rare", group: "LSTM", value: NaN }];
  expect(() => barChart({ ...axes, bars })).toThrow('Bar "rare" of group "LSTM": the value for axis "PER" is NaN');
});
