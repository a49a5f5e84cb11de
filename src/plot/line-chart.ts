/** Lines over a quantitative axis, with optional error bands or bars. */
import { checkInterval, checkOnAxis, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";
import { labelLayers, placeLabels, type Label } from "./labels.ts";

/** A point of a line; `lower` and `upper` are the ends of its error interval, in units of `y`. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly lower?: number;
  readonly upper?: number;
}

/** One line. */
export interface LineSeries {
  /** Shown in the legend when there are several series, unless they belong to a group. */
  readonly name: string;
  /** Series of a group share a colour and the legend's entry, as measurements and the curve fitted to them do. */
  readonly group?: string;
  readonly points: readonly LinePoint[];
  /** `solid` unless given; `markers` draws the points with no line, as for measurements beside a fitted curve. */
  readonly style?: "solid" | "dashed" | "markers" | "solid-with-markers";
  /** How heavily a line is drawn; `thin` for the many behind the one that matters, which is `bold`. */
  readonly weight?: "thin" | "normal" | "bold";
  /** The shape of markers; a circle unless given. The others are larger, to mark what matters among measurements. */
  readonly marker?: "circle" | "diamond" | "square" | "cross";
  /** Printed on the line, as the heights of contours are. */
  readonly label?: string;
  /** Whether the legend leaves the series out, since its label or the title names it. */
  readonly unlisted?: boolean;
}

/** What a line chart shows. */
export interface LineChartOptions extends ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** How error intervals are drawn; `band` unless given. */
  readonly uncertainty?: "band" | "bars";
  /** `groups` tells series apart; `sequence` shades them from the first to the last, as sizes or budgets that grow. */
  readonly colors?: "groups" | "sequence";
}

const weights = {
  thin: { strokeWidth: 1.1, opacity: 0.75 },
  normal: { strokeWidth: 2, opacity: 1 },
  bold: { strokeWidth: 3.2, opacity: 1 },
} as const;

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
  const rows = options.series.flatMap((series, index) => seriesRows(series, index, options));
  const theme = chartTheme(options);
  const x = quantitative(options.x, rows.map((row) => row.x));
  const y = quantitative(options.y, rows.map((row) => row.y));
  const clip = options.x.domain !== undefined || options.y.domain !== undefined;
  const uncertainty =
    (options.uncertainty ?? "band") === "band"
      ? ({ type: "area", opacity: 0.18, clip } as const)
      : ({ type: "rule", clip } as const);
  const frame = chartFrame(options);
  const labels = placeLabels(options.series.flatMap((series) => lineLabel(series, options)), { ...options, width: frame.width, height: frame.height, padding: 0, points: rows });
  return {
    ...frame,
    data: { values: rows },
    layer: [
      layer("isValid(datum.lower)", uncertainty, { field: "lower" }, { field: "upper" }),
      ...(["thin", "normal", "bold"] as const).flatMap((weight) => [
        layer(`datum.weight === '${weight}' && (datum.style === 'solid' || datum.style === 'solid-with-markers')`, { type: "line", clip, ...weights[weight] }),
        layer(`datum.weight === '${weight}' && datum.style === 'dashed'`, { type: "line", strokeDash: [6, 4], clip, ...weights[weight] }),
      ]),
      layer(`${isMarked} && datum.marker === 'circle'`, { type: "point", clip }),
      layer(`${isMarked} && datum.marker !== 'circle'`, { type: "point", clip, shape: { expr: "datum.marker" }, size: 120, stroke: theme.background, strokeWidth: 1.5 }),
      ...labelLayers(labels, x, y, theme),
    ],
  };

  function layer(filter: string, mark: LineMark, low: { field: string } = { field: "y" }, high?: { field: string }) {
    return {
      transform: [{ filter }], mark,
      encoding: {
        x: { field: "x", ...x }, y: { ...low, ...y }, ...(high === undefined ? {} : { y2: high }),
        color: colorOf(options), detail: { field: "index", type: "nominal" as const },
      },
    };
  }
}

const isMarked = "(datum.style === 'markers' || datum.style === 'solid-with-markers')";

type LineMark =
  | { type: "area"; opacity: number; clip: boolean }
  | { type: "rule"; clip: boolean }
  | { type: "line"; clip: boolean; strokeWidth: number; opacity: number; strokeDash?: number[] }
  | { type: "point"; clip: boolean; shape?: { expr: string }; size?: number; stroke?: string; strokeWidth?: number };

function colorOf(options: LineChartOptions) {
  const { domain, range } = groupColors(options.series.map(groupOf), chartTheme(options));
  const { sequence } = chartTheme(options);
  const listed = new Set(options.series.filter(({ unlisted }) => unlisted !== true).map(groupOf));
  return {
    field: "group", type: "nominal" as const, title: null, sort: domain,
    scale: options.colors === "sequence" ? { domain, scheme: { name: "viridis" as const, extent: [...sequence], count: domain.length } } : { domain, range },
    legend: domain.length > 1 && listed.size > 0
      ? { symbolType: "circle", symbolStrokeWidth: 0, symbolOpacity: 1, values: domain.filter((group) => listed.has(group)) } : null,
  };
}

function groupOf({ name, group }: LineSeries): string {
  return group ?? name;
}

/** A label may stand at several places along the part of its line that is shown. */
function lineLabel({ label, points }: LineSeries, { x, y }: LineChartOptions): Label[] {
  const shown = points.filter((point) => isInside(point.x, x) && isInside(point.y, y));
  const anchors = [0.85, 0.7, 0.92, 0.55, 0.4, 0.25, 0.1, 0.5].flatMap((share) => shown[Math.floor(share * shown.length)] ?? []);
  return label === undefined ? [] : [{ text: label, anchors, stands: "on" }];
}

function isInside(value: number, { domain }: LineChartOptions["x"]): boolean {
  return domain === undefined || (value >= Math.min(...domain) && value <= Math.max(...domain));
}

function seriesRows(series: LineSeries, index: number, options: LineChartOptions) {
  return series.points.map((point, at) => {
    const where = `Series "${series.name}", point ${at}`;
    checkOnAxis(point.x, options.x, where);
    checkOnAxis(point.y, options.y, where);
    checkInterval(point, options.y, where);
    const { style = "solid", weight = "normal", marker = "circle" } = series;
    return { index, group: groupOf(series), style, weight, marker, ...point };
  });
}
