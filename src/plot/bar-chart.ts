/** Bars over named categories, side by side where they are grouped, with optional error bars. */
import { checkInterval, checkOnAxis, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";

/** One bar; `lower` and `upper` are the ends of its error interval, in units of `value`. */
export interface Bar {
  readonly category: string;
  readonly value: number;
  /** Bars of one category stand side by side, one for each group. */
  readonly group?: string;
  readonly lower?: number;
  readonly upper?: number;
}

/** What a bar chart shows. */
export interface BarChartOptions extends ChartOptions {
  /** The title under the categories. */
  readonly x: { readonly title?: string };
  /** The axis of the values. It is linear and reaches zero, since a bar's length is read as its value. */
  readonly y: Omit<Axis, "scale" | "zero">;
  /** Bars in the order in which their categories and groups are to stand. */
  readonly bars: readonly Bar[];
}

/** Characters of a line under a bar, unless one word has more. */
const LINE = 18;

/** The lines in which the name of a category stands under its bars. */
export function categoryLines(category: string): string[] {
  const lines: string[] = [];
  for (const word of category.split(" ")) {
    const longer = [...lines.slice(-1), word].join(" ");
    if (lines.length > 0 && longer.length <= LINE) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

/**
 * A bar chart.
 *
 * @throws RangeError if a value is not finite or an interval is ill-formed
 */
export function barChart(options: BarChartOptions): Chart {
  const yAxis: Axis = { ...options.y, zero: true };
  const rows = options.bars.map((bar) => {
    const where = `Bar "${bar.category}"${bar.group === undefined ? "" : ` of group "${bar.group}"`}`;
    checkOnAxis(bar.value, yAxis, where);
    checkInterval(bar, yAxis, where);
    return { ...bar, group: bar.group ?? "", category: categoryLines(bar.category).join("\n") };
  });
  const colors = groupColors(
    rows.map((row) => row.group),
    chartTheme(options),
  );
  const grouped = colors.domain.length > 1;
  const categories = [...new Set(rows.map((row) => row.category))];
  const place = {
    x: {
      field: "category",
      type: "nominal",
      sort: categories,
      title: options.x.title ?? null,
      axis: { labelAngle: 0, labelOverlap: false, labelLimit: 0, labelExpr: "split(datum.label, '\\n')", ticks: false },
    },
    ...(grouped ? { xOffset: { field: "group", type: "nominal" as const, sort: colors.domain } } : {}),
  } as const;
  const y = quantitative(
    yAxis,
    rows.map((row) => row.value),
  );
  const clip = options.y.domain !== undefined;
  return {
    ...chartFrame(options),
    data: { values: rows },
    layer: [
      {
        mark: { type: "bar", clip },
        encoding: {
          ...place,
          y: { field: "value", ...y, stack: null },
          color: {
            field: "group",
            type: "nominal",
            title: null,
            sort: colors.domain,
            scale: colors,
            legend: grouped ? {} : null,
          },
        },
      },
      {
        transform: [{ filter: "isValid(datum.lower)" }],
        mark: { type: "rule", color: chartTheme(options).text, clip },
        encoding: { ...place, y: { field: "lower", ...y }, y2: { field: "upper" } },
      },
    ],
  };
}
