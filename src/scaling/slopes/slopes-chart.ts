import type { Axis } from "../../plot/axis.ts";
import type { Chart, ChartOptions } from "../../plot/chart.ts";
import type { LinePoint } from "../../plot/line-chart.ts";
import { scatterChart } from "../../plot/scatter-chart.ts";
import type { SlopeAnalysis, SlopeResidual } from "./compare-slopes.ts";

/** What a picture of lines by group shows. */
export interface SlopesChartOptions extends Pick<ChartOptions, "title" | "subtitle" | "theme" | "width" | "height"> {
  readonly x: Pick<Axis, "title" | "unit">;
  readonly y: Pick<Axis, "title" | "unit">;
  /** How many of the points that lie farthest from their lines are named; 8 unless given. */
  readonly named?: number;
}

const STEPS = 60;
// Bands of more groups would hide one another.
const MOST_BANDS = 3;

/** Points on logarithmic axes, the line of each group with its prediction band, and the names of the farthest points. */
export function slopesChart(analysis: SlopeAnalysis, options: SlopesChartOptions): Chart {
  const { groups, residuals } = analysis.comparison;
  const labelled = farthestNames(analysis, options.named ?? 8);
  const isAlone = groups.length === 1;
  return scatterChart({
    width: 560, height: 400, ...options,
    x: { ...options.x, scale: "log" },
    y: { ...options.y, scale: "log" },
    points: residuals.map((point) => ({ x: point.x, y: point.y, ...(!isAlone && { group: point.group }), ...(labelled.has(point) && { label: point.name }) })),
    lines: groups.map(({ name }) => ({ ...(!isAlone && { group: name }), points: band(analysis, name, groups.length <= MOST_BANDS) })),
  });
}

/** The points farthest from their lines, in standard deviations, farthest first. */
export function farthest({ comparison: { residuals } }: SlopeAnalysis, howMany: number): readonly SlopeResidual[] {
  return [...residuals].sort((one, other) => Math.abs(other.standardized) - Math.abs(one.standardized)).slice(0, howMany);
}

/** Of things that were measured several times the farthest point is named. */
function farthestNames(analysis: SlopeAnalysis, howMany: number): ReadonlySet<SlopeResidual> {
  const named = new Map<string, SlopeResidual>();
  for (const point of farthest(analysis, Infinity)) {
    if (named.size < howMany && !named.has(point.name)) named.set(point.name, point);
  }
  return new Set(named.values());
}

/** The line of a group, with or without its prediction band, over the x that its points span. */
function band({ comparison: { residuals }, predict }: SlopeAnalysis, group: string, isBanded: boolean): LinePoint[] {
  const logs = residuals.flatMap((point) => point.group === group ? [Math.log(point.x)] : []);
  const [low, high] = [logs.reduce((least, each) => Math.min(least, each), Infinity), logs.reduce((most, each) => Math.max(most, each), -Infinity)];
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const { x, y, lower, upper } = predict(group, Math.exp(low + (high - low) * step / STEPS));
    return isBanded ? { x, y, lower, upper } : { x, y };
  });
}
