/** Points in the plane, with optional labels, colour groups, error bars and the lines that were fitted to groups. */
import { checkInterval, checkOnAxis, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";
import { labelLayers, placeLabels } from "./labels.ts";
import type { LinePoint } from "./line-chart.ts";

/** A point; `lower` and `upper` are the ends of its error interval, in units of `y`. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Printed beside the point. */
  readonly label?: string;
  /** Points of a group share a colour and a shape, named in the legend. */
  readonly group?: string;
  readonly lower?: number;
  readonly upper?: number;
}

/** A line through points, with a band where its points have intervals. */
export interface ScatterLine {
  /** The group whose colour the line has. */
  readonly group?: string;
  readonly points: readonly LinePoint[];
}

/** What a scatter chart shows. */
export interface ScatterChartOptions extends ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly ScatterPoint[];
  readonly lines?: readonly ScatterLine[];
}

const edgePadding = 12;
// More points than this are drawn small, so that crowds stay visible as such.
const crowd = 250;
// Seven shapes and eight colours make 56 groups that can be told apart.
const shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"];

/**
 * A scatter chart.
 *
 * Labels stand to the right of their points where there is room, otherwise at the side where they hide least.
 *
 * @throws RangeError if a value is not finite, or not positive on a logarithmic axis, or an interval is ill-formed
 */
export function scatterChart(options: ScatterChartOptions): Chart {
  const { points, lines = [] } = options;
  const rows = points.map((point, index) => {
    checkPoint(point, options, point.label === undefined ? `Point ${index}` : `Point ${index} ("${point.label}")`);
    return { ...point, group: point.group ?? "" };
  });
  const lineRows = lines.flatMap(({ group = "", points: each }, line) => each.map((point, index) => {
    checkPoint(point, options, `Line ${line}${group === "" ? "" : ` ("${group}")`}, point ${index}`);
    return { ...point, group, line };
  }));
  const theme = chartTheme(options);
  const colors = groupColors([...rows, ...lineRows].map((row) => row.group), theme);
  const clip = options.x.domain !== undefined || options.y.domain !== undefined;
  const drawn = [...rows, ...lineRows, ...lineRows.flatMap(({ x, lower, upper }) => lower === undefined || upper === undefined ? [] : [{ x, y: lower }, { x, y: upper }])];
  const xAxis = quantitative(options.x, drawn.map((point) => point.x), edgePadding);
  const yAxis = quantitative(options.y, drawn.map((point) => point.y), edgePadding);
  const [x, y] = [{ field: "x", ...xAxis }, { field: "y", ...yAxis }];
  const named = colors.domain.filter((group) => group !== "");
  const legend = named.length > 0 ? { values: named } : null;
  const color = { field: "group", type: "nominal", title: null, sort: colors.domain, scale: colors, legend } as const;
  // The same domain as the colours', or the two legends would not merge into one.
  const shape = { ...color, scale: { domain: colors.domain, range: colors.domain.map((_, index) => shapes[index % shapes.length] ?? "circle") } };
  const marks = points.length > crowd ? { size: 14, opacity: 0.55 } : {};
  const frame = chartFrame(options);
  const labels = points.flatMap((point) => point.label === undefined ? [] : [{ text: point.label, anchors: [point], stands: "beside" as const }]);
  const lineEncoding = { x, y, color, detail: { field: "line", type: "nominal" as const } };
  return {
    ...frame,
    data: { values: rows },
    layer: [
      ...(lineRows.length === 0 ? [] : [
        {
          data: { values: lineRows }, transform: [{ filter: "isValid(datum.lower)" }], mark: { type: "area" as const, opacity: 0.12, clip },
          encoding: { ...lineEncoding, y: { field: "lower", ...yAxis }, y2: { field: "upper" } },
        },
        { data: { values: lineRows }, mark: { type: "line" as const, clip }, encoding: lineEncoding },
      ]),
      {
        transform: [{ filter: "isValid(datum.lower)" }],
        mark: { type: "rule", clip },
        encoding: { x, y: { field: "lower", ...yAxis }, y2: { field: "upper" }, color },
      },
      { mark: { type: "point", clip, ...marks }, encoding: { x, y, color, shape } },
      ...labelLayers(placeLabels(labels, { ...options, width: frame.width, height: frame.height, padding: edgePadding, points: drawn }), xAxis, yAxis, theme),
    ],
  };
}

function checkPoint(point: LinePoint, { x, y }: ScatterChartOptions, where: string): void {
  checkOnAxis(point.x, x, where);
  checkOnAxis(point.y, y, where);
  checkInterval(point, y, where);
}
