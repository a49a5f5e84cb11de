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
