/** Pictures of a sweep's results, from the rows of its table. */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../plot/index.ts";
import { short } from "./design.ts";
import type { SweepRow } from "./sweep-table.ts";

const lossAxis = { title: "validation loss", unit: "nats a token" } as const;

/** The loss of each training over its compute, networks of one size and depth as a line, and the envelope of all. */
export function lossChart(rows: readonly SweepRow[], theme: ThemeName = "light"): Chart {
  return lineChart({
    title: "Loss against compute", subtitle: "a point a training, a line a network; dashed through those that none of less compute comes up to", theme,
    x: { title: "compute C, counted", unit: "floating-point operations", scale: "log" }, y: lossAxis, width: 560, height: 380,
    series: [
      ...bySize(rows).map(([name, trainings]): LineSeries => ({ name, style: "solid-with-markers", points: inOrder(trainings, ({ flops }) => flops) })),
      { name: "envelope", style: "dashed", points: inOrder(envelope(rows), ({ flops }) => flops) },
    ],
  });
}

/** The loss over the size, a line for each group. @param groups as {@link byTokens} gives them */
export function sizeChart(groups: readonly RowGroup[], theme: ThemeName = "light"): Chart {
  return lineChart({
    title: "Loss against size", subtitle: "a line for each number of tokens", theme,
    x: { title: "model size N", unit: "parameters", scale: "log", format: "~s" }, y: lossAxis, width: 560, height: 340,
    series: groups.map(([name, trainings]): LineSeries => ({ name, style: "solid-with-markers", points: inOrder(trainings, ({ parameters }) => parameters) })),
  });
}

export type RowGroup = readonly [name: string, rows: readonly SweepRow[]];

/** Trainings of several sizes on about as many tokens. */
export function byTokens(rows: readonly SweepRow[]): RowGroup[] {
  return grouped(rows, ({ tokens }) => short(Number(tokens.toPrecision(2)))).filter(([, trainings]) => new Set(trainings.map(({ parameters }) => parameters)).size > 1);
}

/** The trainings that reach a lower loss than all of less compute. */
export function envelope(rows: readonly SweepRow[]): SweepRow[] {
  let lowest = Infinity;
  return [...rows].sort((a, b) => a.flops - b.flops || a.loss - b.loss).filter(({ loss }) => {
    const isLowest = loss < lowest;
    lowest = Math.min(lowest, loss);
    return isLowest;
  });
}

/** Networks of one size, told apart by their depth where one size has several. */
function bySize(rows: readonly SweepRow[]): RowGroup[] {
  const sizes = grouped(rows, ({ parameters }) => short(Number(parameters.toPrecision(2))));
  const isDeep = sizes.some(([, trainings]) => new Set(trainings.map(({ layers }) => layers)).size > 1);
  const name = ({ parameters, layers }: SweepRow): string => `${short(parameters)}${isDeep ? `, ${layers} ${layers === 1 ? "layer" : "layers"}` : ""}`;
  return grouped([...rows].sort((a, b) => a.parameters - b.parameters || a.layers - b.layers), name);
}

function grouped(rows: readonly SweepRow[], name: (row: SweepRow) => string): RowGroup[] {
  const groups = new Map<string, SweepRow[]>();
  for (const row of rows) groups.set(name(row), [...groups.get(name(row)) ?? [], row]);
  return [...groups];
}

function inOrder(rows: readonly SweepRow[], x: (row: SweepRow) => number): { x: number; y: number }[] {
  return rows.map((row) => ({ x: x(row), y: row.loss })).sort((a, b) => a.x - b.x);
}
