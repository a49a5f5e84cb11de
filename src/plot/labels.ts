/** Texts on a chart, put where they hide the least. */
import { extent, fittedPadding, type Axis } from "./axis.ts";
import type { Theme } from "./theme.ts";

/** A text that may stand at any of some places, the first of which is the best where all are free. */
export interface Label {
  readonly text: string;
  /** Points of the chart, in units of its axes. */
  readonly anchors: readonly { readonly x: number; readonly y: number }[];
  /** Whether the text stands beside its anchor or, as in contour maps, on it. */
  readonly stands: "beside" | "on";
}

/** What labels must know of the chart. */
export interface LabelFrame {
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly height: number;
  /** Pixels between the outermost data and the ends of a fitted axis. */
  readonly padding: number;
  /** What is drawn, which labels should not cover. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A label at its place: the anchor, and where the text lies from there. */
export interface PlacedLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly align: "left" | "center" | "right";
  readonly dx: number;
  readonly dy: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

type Offset = Pick<PlacedLabel, "align" | "dx" | "dy">;

const BESIDE: readonly Offset[] = [
  { align: "left", dx: 7, dy: 0 }, { align: "right", dx: -7, dy: 0 },
  { align: "center", dx: 0, dy: -11 }, { align: "center", dx: 0, dy: 11 },
  { align: "left", dx: 5, dy: -9 }, { align: "right", dx: -5, dy: -9 }, { align: "left", dx: 5, dy: 9 }, { align: "right", dx: -5, dy: 9 },
];
const ON: readonly Offset[] = [{ align: "center", dx: 0, dy: 0 }];

// Of the fonts of the theme at 11 pixels, on average.
const CHARACTER_WIDTH = 6;
const TEXT_HEIGHT = 13;

/**
 * Puts labels one after the other where each covers fewest of the earlier labels and of the points, and stays inside.
 *
 * Widths of texts are estimated, and so is the end of a fitted linear axis; the few pixels that this costs matter
 * little.
 */
export function placeLabels(labels: readonly Label[], frame: LabelFrame): PlacedLabel[] {
  const toX = projection(frame.x, frame.points.map(({ x }) => x), frame.width, frame.padding);
  const toY = projection(frame.y, frame.points.map(({ y }) => y), frame.height, frame.padding);
  const points = frame.points.map(({ x, y }) => ({ x: toX(x), y: frame.height - toY(y) }));
  const taken: Box[] = [];
  return labels.flatMap(({ text, anchors, stands }) => {
    const places = anchors.flatMap((anchor) => (stands === "on" ? ON : BESIDE).map((offset) => {
      const box = boxAt({ x: toX(anchor.x), y: frame.height - toY(anchor.y) }, offset, text);
      return { placed: { text, x: anchor.x, y: anchor.y, ...offset }, box, cost: costOf(box, { taken, points: stands === "on" ? [] : points, width: frame.width, height: frame.height }) };
    }));
    const [first, ...others] = places;
    if (first === undefined) return [];
    const best = others.reduce((least, place) => place.cost < least.cost ? place : least, first);
    taken.push(best.box);
    return [best.placed];
  });
}

/** Vega-lite layers that print labels over all else, each with a rim in the colour of the page. */
export function labelLayers(labels: readonly PlacedLabel[], x: object, y: object, theme: Theme) {
  const place = { align: { expr: "datum.align" }, dx: { expr: "datum.dx" }, dy: { expr: "datum.dy" } };
  const layer = (look: { stroke?: string; strokeWidth?: number; color?: string }) => ({
    data: { values: labels.map((label) => ({ ...label })) },
    mark: { type: "text" as const, baseline: "middle" as const, ...place, ...look },
    encoding: {
      x: { field: "x", type: "quantitative" as const, ...x }, y: { field: "y", type: "quantitative" as const, ...y },
      text: { field: "text", type: "nominal" as const },
    },
  });
  return labels.length === 0 ? [] : [layer({ stroke: theme.background, strokeWidth: 3, color: theme.background }), layer({ color: theme.text })];
}

/** From values to pixels along an axis, as Vega's scales are fitted. */
function projection(axis: Axis, values: readonly number[], length: number, padding: number): (value: number) => number {
  const place = axis.scale === "log" ? Math.log10 : (value: number) => value;
  const { low, high } = extent(axis.domain ?? values);
  let [from, to] = [place(low), place(high)];
  if (axis.domain === undefined) {
    const pixels = fittedPadding(axis, padding);
    const margin = pixels * (to - from) / Math.max(1, length - 2 * pixels);
    [from, to] = [from - margin, to + margin];
  }
  return (value) => length * (to === from ? 0.5 : (place(value) - from) / (to - from));
}

function boxAt(anchor: { x: number; y: number }, { align, dx, dy }: Offset, text: string): Box {
  const width = text.length * CHARACTER_WIDTH;
  const share = { left: 0, center: 0.5, right: 1 }[align];
  const left = anchor.x + dx - share * width;
  const top = anchor.y + dy - TEXT_HEIGHT / 2;
  return { left, right: left + width, top, bottom: top + TEXT_HEIGHT };
}

function costOf(box: Box, { taken, points, width, height }: { taken: readonly Box[]; points: readonly { x: number; y: number }[]; width: number; height: number }): number {
  const outside = Math.max(0, -box.left, box.right - width) + Math.max(0, -box.top, box.bottom - height);
  const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
  const hidden = points.filter(({ x, y }) => x > box.left - 2 && x < box.right + 2 && y > box.top - 1 && y < box.bottom + 1).length;
  return 100 * outside + 10 * covered + hidden;
}

function overlap(one: Box, other: Box): number {
  const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}
