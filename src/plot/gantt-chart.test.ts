import { expect, test } from "vitest";
import { ganttChart, type GanttBar } from "./gantt-chart.ts";
import { renderSvg } from "./render.ts";

const frame = { x: { title: "time", unit: "s" }, rows: ["device 0", "device 1"], kinds: ["forward", "wait", "gradients"], width: 400 };

/** Left, top, width and colour of each bar, in drawing order. */
function rectangles(svg: string): { x: number; y: number; width: number; fill: string }[] {
  return [...svg.matchAll(/aria-roledescription="bar" d="M([\d.-]+),([\d.-]+)h([\d.-]+)v[^"]*" fill="([^"]+)"/g)]
    .map(([, x, y, width, fill = ""]) => ({ x: Number(x), y: Number(y), width: Number(width), fill }));
}

test("bars lie where their times are, in the row of their device, in the colour of their kind", async () => {
  const bars: GanttBar[] = [
    { row: "device 0", kind: "forward", from: 0, to: 2 }, { row: "device 1", kind: "forward", from: 2, to: 4 },
    { row: "device 1", kind: "gradients", from: 4, to: 7 }, { row: "device 0", kind: "gradients", from: 7, to: 10 },
  ];
  const drawn = rectangles(await renderSvg(ganttChart({ ...frame, bars })));
  expect(drawn.map(({ x, width }) => [x, width])).toEqual([[0, 80], [80, 80], [160, 120], [280, 120]]);
  const [a, b, c, d] = drawn;
  expect(a?.y).toBe(d?.y);
  expect(b?.y).toBe(c?.y);
  expect((b?.y ?? 0) - (a?.y ?? 0)).toBeCloseTo(22, 9);
  expect([a?.fill, c?.fill]).toEqual(["#0072b2", "#009e73"]); // a kind keeps its colour where another is absent
  expect(a?.fill).toBe(b?.fill);
});

test("a label is printed in the middle of a bar that has room for it", async () => {
  const bars: GanttBar[] = [
    { row: "device 0", kind: "forward", from: 0, to: 5, label: "17" }, { row: "device 0", kind: "forward", from: 5, to: 5.2, label: "18" },
    { row: "device 1", kind: "gradients", from: 5, to: 10, label: "19" },
  ];
  const svg = await renderSvg(ganttChart({ ...frame, bars }));
  expect(svg).toMatch(/transform="translate\(100,[\d.]+\)"[^>]*>17</);
  expect(svg).toContain(">19<");
  expect(svg).not.toContain(">18<");
  expect(svg).toContain(">gradients<"); // the legend
  expect(svg).not.toContain(">wait<");
});

test("a hundred thousand bars are drawn as at most one a pixel, row and kind", async () => {
  const bars = Array.from({ length: 100_000 }, (_, at): GanttBar => ({ row: "device 0", kind: at % 2 === 0 ? "forward" : "gradients", from: at, to: at + 1 }));
  expect(rectangles(await renderSvg(ganttChart({ ...frame, bars }))).length).toBeLessThanOrEqual(2 * 401);
});

test("an ill-formed bar is named", () => {
  const bar = { row: "device 0", kind: "forward", from: 2, to: 1 };
  expect(() => ganttChart({ ...frame, bars: [bar] })).toThrow('Bar "forward" of row "device 0": it ends at 1, before it begins at 2.');
  expect(() => ganttChart({ ...frame, bars: [{ ...bar, to: 3, row: "device 9" }] })).toThrow("there is no such row; the rows are device 0, device 1.");
  expect(() => ganttChart({ ...frame, bars: [{ ...bar, to: NaN }] })).toThrow("NaN");
});
