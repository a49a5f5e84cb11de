import { describe, expect, test } from "vitest";
import { errorBars, pointPlaces } from "./fixtures/svg-geometry.ts";
import { lineChart, type LineChartOptions } from "./line-chart.ts";
import { renderSvg } from "./render.ts";

const axes = { x: { title: "compute", unit: "FLOP" }, y: { title: "loss", unit: "nats per token" } };

function measured(options: Partial<LineChartOptions>) {
  const points = [
    { x: 1, y: 8 },
    { x: 100, y: 4 },
    { x: 10_000, y: 2 },
  ];
  return lineChart({ ...axes, series: [{ name: "small", points, style: "markers" }], ...options });
}

describe("a line chart", () => {
  test("spaces equal ratios equally on logarithmic axes", async () => {
    const chart = measured({ x: { ...axes.x, scale: "log" }, y: { ...axes.y, scale: "log" } });
    const [a, b, c] = pointPlaces(await renderSvg(chart));
    expect((b?.x ?? NaN) - (a?.x ?? NaN)).toBeCloseTo((c?.x ?? NaN) - (b?.x ?? NaN), 6);
    expect((b?.y ?? NaN) - (a?.y ?? NaN)).toBeCloseTo((c?.y ?? NaN) - (b?.y ?? NaN), 6);
  });

  test("fills the given domain", async () => {
    const chart = measured({ x: { ...axes.x, domain: [0, 10_000] }, y: { ...axes.y, domain: [2, 8] } });
    const places = pointPlaces(await renderSvg(chart));
    expect(places[0]?.x).toBeCloseTo(0.048, 9);
    expect(places[0]?.y).toBeCloseTo(0, 9);
    expect(places[2]?.x).toBeCloseTo(480, 9);
    expect(places[2]?.y).toBeCloseTo(300, 9);
  });

  test("prints titles with units, and superscripts on long logarithmic axes", async () => {
    const points = [
      { x: 1e15, y: 3 },
      { x: 1e19, y: 2 },
    ];
    const chart = lineChart({ ...axes, x: { ...axes.x, scale: "log" }, series: [{ name: "fit", points }] });
    const svg = await renderSvg(chart);
    for (const text of ["compute (FLOP)", "loss (nats per token)", ">10¹⁵<", ">10¹⁹<"]) expect(svg).toContain(text);
  });

  test("draws error bars from lower to upper", async () => {
    const points = [
      { x: 0, y: 5, lower: 2, upper: 8 },
      { x: 1, y: 5 },
    ];
    const y = { ...axes.y, domain: [0, 10] as const };
    const svg = await renderSvg(lineChart({ ...axes, y, series: [{ name: "a", points }], uncertainty: "bars" }));
    const bars = errorBars(svg);
    expect(bars).toHaveLength(1);
    expect(bars[0]?.from).toBeCloseTo(240, 9);
    expect(bars[0]?.to).toBeCloseTo(60, 9);
  });

  test("has a legend only where there are several series", async () => {
    const points = [
      { x: 0, y: 1 },
      { x: 1, y: 2 },
    ];
    const one = await renderSvg(lineChart({ ...axes, series: [{ name: "alone", points }] }));
    const two = await renderSvg(
      lineChart({
        ...axes,
        series: [
          { name: "alone", points },
          { name: "other", points },
        ],
      }),
    );
    expect(one).not.toContain(">alone<");
    expect(two).toContain(">alone<");
    expect(two).toContain(">other<");
  });
});

describe("data that can't be drawn are refused", () => {
  const draw = (point: { x: number; y: number; lower?: number; upper?: number }, scale: "linear" | "log" = "linear") =>
    lineChart({ ...axes, y: { ...axes.y, scale }, series: [{ name: "train", points: [point] }] });

  test.each([
    [{ x: 0, y: NaN }, 'Series "train", point 0: the value for axis "loss" is NaN'],
    [{ x: Infinity, y: 0 }, 'the value for axis "compute" is Infinity'],
    [{ x: 0, y: 1, lower: 0 }, 'needs both "lower" and "upper"'],
    [{ x: 0, y: 1, lower: 3, upper: 2 }, "lower end 3 lies above its upper end 2"],
  ])("%j", (point, message) => {
    expect(() => draw(point)).toThrow(message);
  });

  test("zero on a logarithmic axis", () => {
    expect(() => draw({ x: 0, y: 0 }, "log")).toThrow('logarithmic axis "loss" is 0');
  });
});

describe("many series", () => {
  const points = [
    { x: 1, y: 1 },
    { x: 2, y: 2 },
  ];
  const lineColors = (svg: string) =>
    [...svg.matchAll(/aria-roledescription="line mark"[^>]* stroke="([^"]+)"/g)].map(([, color]) => color);

  test("of one group share a colour and the legend's entry, but stay lines of their own", async () => {
    const series = [
      { name: "a", group: "small", points },
      { name: "b", group: "small", points },
      { name: "c", group: "large", points },
    ];
    const svg = await renderSvg(lineChart({ ...axes, series }));
    const colors = lineColors(svg);
    expect(colors).toHaveLength(3);
    expect(new Set(colors).size).toBe(2);
    expect(svg.match(/>small</g)).toHaveLength(1);
    expect(svg).not.toContain(">a<");
  });

  test("may be left out of the legend", async () => {
    const series = [
      { name: "listed", points },
      { name: "behind", points, unlisted: true, weight: "thin" as const },
    ];
    const svg = await renderSvg(lineChart({ ...axes, series }));
    expect(svg).toContain(">listed<");
    expect(svg).not.toContain(">behind<");
    expect(svg).toContain('stroke-width="1.1"');
  });

  test("that follow a quantity have colours in its order, from dark to light", async () => {
    const series = ["1", "2", "3", "4"].map((name) => ({ name, points }));
    const colors = lineColors(await renderSvg(lineChart({ ...axes, series, colors: "sequence" })));
    const lightness = colors.map((color) => {
      const channels = color?.startsWith("#") ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)) : (color?.match(/\d+/g) ?? []).map(Number);
      return channels.reduce((sum, channel, at) => sum + channel * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0);
    });
    expect(lightness).toHaveLength(4);
    expect(lightness).toEqual(lightness.toSorted((left, right) => left - right));
  });

  test("carry their labels on the part that is shown", async () => {
    const line = Array.from({ length: 101 }, (_, x) => ({ x, y: x }));
    const chart = lineChart({ ...axes, x: { ...axes.x, domain: [0, 50] }, y: { ...axes.y, domain: [0, 50] }, series: [{ name: "a", points: line, label: "2.5" }] });
    const places = [...(await renderSvg(chart)).matchAll(/translate\(([\d.]+),([\d.]+)\)"[^>]*>2\.5</g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(places.length).toBeGreaterThan(0);
    for (const [x = NaN, y = NaN] of places) {
      expect(x).toBeLessThan(480);
      // The line runs from corner to corner; a text's baseline lies a few pixels below its middle.
      expect(Math.abs(300 - y - x * 300 / 480)).toBeLessThan(5);
    }
  });
});
