/** Who does what when: a row for each device or worker, and on it a bar for each piece of work. */
import { checkOnAxis, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";

/** One piece of work; `from` and `to` are on the axis of time. */
export interface GanttBar {
  readonly row: string;
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  /** Printed in the bar where there is room. */
  readonly label?: string;
}

/** What a Gantt chart shows. */
export interface GanttChartOptions extends Omit<ChartOptions, "height"> {
  /** The axis of time, which begins at zero and ends with the last bar. */
  readonly x: Omit<Axis, "scale" | "zero" | "domain">;
  /** From the top down. */
  readonly rows: readonly string[];
  /** Kinds of work in the order in which the legend names them and colours are given; those without a bar are left out. */
  readonly kinds: readonly string[];
  /** In order of time within each row. */
  readonly bars: readonly GanttBar[];
}

const ROW_HEIGHT = 22;
const DIGIT_WIDTH = 6.5;

/**
 * A Gantt chart. Bars narrower than a pixel are drawn as one pixel, and where many of a kind share a pixel as one.
 *
 * @throws RangeError if a bar is not finite, ends before it begins or lies in no row
 */
export function ganttChart(options: GanttChartOptions): Chart {
  const { x, rows, bars, width = 900 } = options;
  for (const bar of bars) check(bar, options);
  const end = bars.reduce((last, { to }) => Math.max(last, to), 0);
  const pixel = end > 0 ? end / width : 1;
  const values = visible(bars, pixel).map(({ label, ...bar }) => (
    label !== undefined && (bar.to - bar.from) / pixel >= label.length * DIGIT_WIDTH + 3 ? { ...bar, label, middle: (bar.from + bar.to) / 2 } : bar));
  const theme = chartTheme(options);
  const { domain, range } = groupColors(options.kinds, theme);
  const present = domain.map((kind, at) => ({ kind, color: range[at] ?? theme.text })).filter(({ kind }) => bars.some((bar) => bar.kind === kind));
  const scale = quantitative({ ...x, domain: [0, end > 0 ? end : 1] }, []);
  // Half the inner padding outside, so that a row is ROW_HEIGHT high.
  const y = { field: "row", type: "nominal" as const, sort: [...rows], title: null, scale: { domain: [...rows], paddingInner: 0.15, paddingOuter: 0.075 } };
  return {
    ...chartFrame({ ...options, width, height: rows.length * ROW_HEIGHT }),
    data: { values },
    layer: [
      {
        mark: { type: "bar", cornerRadius: 0, cornerRadiusEnd: 0 },
        encoding: {
          x: { field: "from", ...scale }, x2: { field: "to" }, y: { ...y, axis: { ticks: false, domain: false } },
          color: { field: "kind", type: "nominal", title: null, scale: { domain: present.map(({ kind }) => kind), range: present.map(({ color }) => color) }, legend: { orient: "bottom" } },
        },
      },
      {
        transform: [{ filter: "isValid(datum.label)" }],
        mark: { type: "text", color: theme.background, fontSize: 10 },
        encoding: { x: { field: "middle", ...scale }, y, text: { field: "label", type: "nominal" } },
      },
    ],
  };
}

function check(bar: GanttBar, { x, rows, kinds }: GanttChartOptions): void {
  const where = `Bar "${bar.kind}" of row "${bar.row}"`;
  checkOnAxis(bar.from, x, where);
  checkOnAxis(bar.to, x, where);
  if (bar.to < bar.from) throw new RangeError(`${where}: it ends at ${bar.to}, before it begins at ${bar.from}.`);
  if (!rows.includes(bar.row)) throw new RangeError(`${where}: there is no such row; the rows are ${rows.join(", ")}.`);
  if (!kinds.includes(bar.kind)) throw new RangeError(`${where}: there is no such kind; the kinds are ${kinds.join(", ")}.`);
}

/** Bars as they are seen: of those narrower than a pixel one a pixel, row and kind. */
function visible(bars: readonly GanttBar[], pixel: number): GanttBar[] {
  const drawnTo = new Map<string, number>();
  return bars.flatMap((bar) => {
    if (bar.to === bar.from) return [];
    if (bar.to - bar.from >= pixel) return [bar];
    const key = `${bar.row}\n${bar.kind}`;
    if (bar.to <= (drawnTo.get(key) ?? 0)) return [];
    const to = bar.from + pixel;
    drawnTo.set(key, to);
    return [{ ...bar, to }];
  });
}
