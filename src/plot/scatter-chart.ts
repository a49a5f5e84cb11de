/** Points in the plane, with optional labels, colour groups and error bars. */
import { checkInterval, checkOnAxis, extent, quantitative, type Axis } from "./axis.ts";
import { chartFrame, chartTheme, groupColors, type Chart, type ChartOptions } from "./chart.ts";

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

/** What a scatter chart shows. */
export interface ScatterChartOptions extends ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly ScatterPoint[];
}

const edgePadding = 12;

/**
 * A scatter chart.
 *
 * Labels stand to the right of their points, and to the left in the right third of the chart, so that they stay
 * inside; they may overlap one another where points crowd.
 *
 * @throws RangeError if a value is not finite, or not positive on a logarithmic axis, or an interval is ill-formed
 */
export function scatterChart(options: ScatterChartOptions): Chart {
  const { points } = options;
  const labelOnLeft = rightThird(
    points.map((point) => point.x),
    options.x,
  );
  const rows = points.map((point, index) => {
    const where = point.label === undefined ? `Point ${index}` : `Point ${index} ("${point.label}")`;
    checkOnAxis(point.x, options.x, where);
    checkOnAxis(point.y, options.y, where);
    checkInterval(point, options.y, where);
    return { ...point, group: point.group ?? "", labelOnLeft: labelOnLeft(point.x) };
  });
  const colors = groupColors(
    rows.map((row) => row.group),
    chartTheme(options),
  );
  const clip = options.x.domain !== undefined || options.y.domain !== undefined;
  const named = colors.domain.filter((group) => group !== "");
  const legend = named.length > 0 ? { values: named } : null;
  const x = {
    field: "x",
    ...quantitative(
      options.x,
      points.map((point) => point.x),
      edgePadding,
    ),
  };
  const yAxis = quantitative(
    options.y,
    points.map((point) => point.y),
    edgePadding,
  );
  const y = { field: "y", ...yAxis };
  const color = { field: "group", type: "nominal", title: null, sort: colors.domain, scale: colors, legend } as const;
  // The same domain as the colours', or the two legends would not merge into one.
  const shape = { ...color, scale: { domain: colors.domain } };
  return {
    ...chartFrame(options),
    data: { values: rows },
    layer: [
      {
        transform: [{ filter: "isValid(datum.lower)" }],
        mark: { type: "rule", clip },
        encoding: { x, y: { field: "lower", ...yAxis }, y2: { field: "upper" }, color },
      },
      { mark: { type: "point", clip }, encoding: { x, y, color, shape } },
      labels("isValid(datum.label) && !datum.labelOnLeft", { align: "left", dx: 7 }),
      labels("isValid(datum.label) && datum.labelOnLeft", { align: "right", dx: -7 }),
    ],
  };

  function labels(filter: string, place: { align: "left" | "right"; dx: number }) {
    return {
      transform: [{ filter }],
      mark: { type: "text" as const, baseline: "middle" as const, clip, ...place },
      encoding: { x, y, text: { field: "label", type: "nominal" as const } },
    };
  }
}

function rightThird(values: readonly number[], axis: Axis): (value: number) => boolean {
  const place = axis.scale === "log" ? Math.log : (value: number) => value;
  const { low, high } = extent(axis.domain ?? values);
  const bound = place(low) + (2 / 3) * (place(high) - place(low));
  return (value) => place(value) > bound;
}
