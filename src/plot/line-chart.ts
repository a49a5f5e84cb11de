/** Lines over a quantitative axis, with optional error bands or bars. */
import { checkInterval, checkOnAxis, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";

/** A point of a line; `lower` and `upper` are the ends of its error interval, in units of `y`. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly lower?: number;
  readonly upper?: number;
}

/** One line. */
export interface LineSeries {
  /** Shown in the legend when there are several series. */
  readonly name: string;
  readonly points: readonly LinePoint[];
  /** `solid` unless given; `markers` draws the points with no line, as for measurements beside a fitted curve. */
  readonly style?: "solid" | "dashed" | "markers" | "solid-with-markers";
}

/** What a line chart shows. */
export interface LineChartOptions extends ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** How error intervals are drawn; `band` unless given. */
  readonly uncertainty?: "band" | "bars";
}

/**
 * A line chart.
 *
 * @example
 * const chart = lineChart({
 *   x: { title: "training step" },
 *   y: { title: "loss", unit: "nats per token", scale: "log" },
 *   series: [{ name: "train", points: [{ x: 1, y: 5.1 }, { x: 2, y: 4.2 }] }],
 * });
 * @throws RangeError if a value is not finite, or not positive on a logarithmic axis, or an interval is ill-formed
 */
export function lineChart(options: LineChartOptions): Chart {
  const rows = options.series.flatMap((series) => seriesRows(series, options));
  const colors = groupColors(
    options.series.map((series) => series.name),
    chartTheme(options),
  );
  const x = quantitative(
    options.x,
    rows.map((row) => row.x),
  );
  const y = quantitative(
    options.y,
    rows.map((row) => row.y),
  );
  const clip = options.x.domain !== undefined || options.y.domain !== undefined;
  const uncertainty =
    (options.uncertainty ?? "band") === "band"
      ? ({ type: "area", opacity: 0.18, clip } as const)
      : ({ type: "rule", clip } as const);
  return {
    ...chartFrame(options),
    data: { values: rows },
    encoding: {
      x: { field: "x", ...x },
      color: {
        field: "series",
        type: "nominal",
        title: null,
        sort: colors.domain,
        scale: colors,
        legend: options.series.length > 1 ? { symbolType: "circle", symbolStrokeWidth: 0 } : null,
      },
    },
    layer: [
      {
        transform: [{ filter: "isValid(datum.lower)" }],
        mark: uncertainty,
        encoding: { y: { field: "lower", ...y }, y2: { field: "upper" } },
      },
      {
        transform: [{ filter: "datum.style === 'solid' || datum.style === 'solid-with-markers'" }],
        mark: { type: "line", clip },
        encoding: { y: { field: "y", ...y } },
      },
      {
        transform: [{ filter: "datum.style === 'dashed'" }],
        mark: { type: "line", strokeDash: [6, 4], clip },
        encoding: { y: { field: "y", ...y } },
      },
      {
        transform: [{ filter: "datum.style === 'markers' || datum.style === 'solid-with-markers'" }],
        mark: { type: "point", clip },
        encoding: { y: { field: "y", ...y } },
      },
    ],
  };
}

function seriesRows(series: LineSeries, options: LineChartOptions) {
  return series.points.map((point, index) => {
    const where = `Series "${series.name}", point ${index}`;
    checkOnAxis(point.x, options.x, where);
    checkOnAxis(point.y, options.y, where);
    checkInterval(point, options.y, where);
    return { series: series.name, style: series.style ?? "solid", ...point };
  });
}
