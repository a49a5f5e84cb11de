/** Pictures of a sweep's results, from the rows of its table. */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../plot/index.ts";
import { short } from "./design.ts";
import type { SweepRow } from "./sweep-table.ts";

const lossAxis = { title: "validation loss", unit: "nats a token" } as const;

/**
 * The loss of each training over its compute, networks of one size and depth in one colour, and the envelope of all. Trainings
 * that see every token once are joined by a line, and those that repeat one amount of tokens by a dashed one.
 */
export function lossChart(rows: readonly SweepRow[], theme: ThemeName = "light"): Chart {
  const compute = ({ flops }: SweepRow): number => flops;
  const isRepeating = rows.some(isRepeated);
  return lineChart({
    title: "Loss against compute", theme, x: { title: "compute C, counted", unit: "floating-point operations", scale: "log" }, y: lossAxis, width: 560, height: 380,
    subtitle: `a point a training, a colour a network${isRepeating ? "; dashed lines and diamonds: tokens seen again" : ""}`,
    series: [
      { name: "envelope", weight: "bold", points: inOrder(envelope(rows), compute) },
      ...bySize(rows).flatMap(([name, trainings]): LineSeries[] => [
        { name, group: name, style: "solid-with-markers", points: inOrder(trainings.filter((row) => !isRepeated(row)), compute) },
        ...byStock(trainings).flatMap(([stock, repeating]): LineSeries[] => [
          { name: `${name} on ${stock}`, group: name, style: "dashed", weight: "thin", points: inOrder(repeating, compute) },
          { name: `${name} on ${stock}`, group: name, style: "markers", marker: "diamond", points: inOrder(repeating.filter(isRepeated), compute) },
        ]),
      ]),
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

/** Trainings of several sizes on about as many tokens, of about as many different ones. */
export function byTokens(rows: readonly SweepRow[]): RowGroup[] {
  const name = (row: SweepRow): string => `${rounded(row.tokens)}${isRepeated(row) ? ` of ${rounded(row.unique_tokens)}` : ""}`;
  return grouped(rows, name).filter(([, trainings]) => new Set(trainings.map(({ parameters }) => parameters)).size > 1);
}

/** Of one network, the trainings on each amount of different tokens that is ever seen again, the one that sees it once among them. */
function byStock(rows: readonly SweepRow[]): RowGroup[] {
  return grouped(rows, (row) => rounded(row.unique_tokens)).filter(([, trainings]) => trainings.some(isRepeated));
}

/** Whether more than a hundredth of the tokens was seen before. */
function isRepeated({ tokens, unique_tokens: unique }: SweepRow): boolean {
  return tokens > 1.01 * unique;
}

function rounded(value: number): string {
  return short(Number(value.toPrecision(2)));
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
  const sizes = grouped(rows, ({ parameters }) => rounded(parameters));
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
