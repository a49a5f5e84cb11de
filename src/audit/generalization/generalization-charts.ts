import { barChart, categoryLines } from "../../plot/bar-chart.ts";
import type { Chart, ChartOptions } from "../../plot/chart.ts";
import { lineChart, type LinePoint, type LineSeries } from "../../plot/line-chart.ts";
import type { GeneralizationColumn } from "./examine.ts";
import type { SkillCurve } from "./skill-curves.ts";
import type { DistanceShare, Share } from "./tally.ts";

/** Pixels of a letter under an axis, and between two names. */
const [PER_CHARACTER, BETWEEN] = [6.5, 20];

/** A width in pixels at which the names of categories do not run into each other. */
export function widthFor(categories: readonly string[]): number {
  const longest = Math.max(...categories.flatMap(categoryLines).map(({ length }) => length));
  return Math.max(480, categories.length * (BETWEEN + PER_CHARACTER * longest));
}

/** Accuracy on what is like training beside accuracy on what is not, a pair of bars for each column. */
export function distributionChart(columns: readonly GeneralizationColumn[], options: ChartOptions = {}): Chart {
  return barChart({
    title: "Accuracy near to training and far from it", width: widthFor(columns.map(({ name }) => name)), ...options, x: {}, y: { title: "accuracy", format: ".0%" },
    bars: columns.flatMap(({ name, inDistribution, outOfDistribution }) => (
      [["in-distribution", inDistribution], ["out-of-distribution", outOfDistribution]] as const
    ).flatMap(([group, share]) => (share === null ? [] : [{ category: name, group, value: share.accuracy, ...share.interval }]))),
  });
}

/** Measures of distance whose distances are numbers, so that they have an axis. */
export function distanceMeasures(columns: readonly GeneralizationColumn[]): string[] {
  const shares = columns.flatMap(({ groups }) => groups.flatMap(({ finer, ...group }): DistanceShare[] => [group, ...finer]));
  const measures = [...new Set(shares.map(({ by }) => by))];
  return measures.filter((measure) => {
    const own = shares.filter(({ by }) => by === measure);
    return own.every(({ label }) => /^\d/.test(label)) && new Set(own.map(({ order }) => order)).size > 1;
  });
}

/** Accuracy against one measure of distance, a line for each column; what is like training is drawn whole, the rest dashed. */
export function distanceChart(columns: readonly GeneralizationColumn[], measure: string, options: ChartOptions = {}): Chart {
  const series = columns.flatMap(({ name, groups }): LineSeries[] => (["in", "out"] as const).flatMap((distribution): LineSeries[] => {
    const shares = groups.filter((group) => group.distribution === distribution)
      .flatMap(({ finer, ...group }): DistanceShare[] => [group, ...finer]).filter(({ by }) => by === measure);
    const points = shares.toSorted((a, b) => a.order - b.order).map(pointOf);
    const series: LineSeries = { name: `${name}, ${distribution}`, group: name, points };
    return points.length === 0 ? [] : [{ ...series, style: distribution === "in" ? "solid" : "dashed" }, { ...series, style: "markers", ...(distribution === "out" && { marker: "diamond" as const }) }];
  }));
  return lineChart({
    title: `Accuracy by ${measure}`, subtitle: "dashed, with diamonds: unlike training", ...options, uncertainty: "bars",
    x: { title: measure }, y: { title: "accuracy", domain: [0, 1], format: ".0%" }, series,
  });
}

/** Accuracy against examples: what was measured, and the fitted curves with their bands. */
export function skillChart(curves: readonly SkillCurve[], options: ChartOptions = {}): Chart {
  const several = new Set(curves.map(({ distribution }) => distribution)).size > 1;
  const series = curves.flatMap(({ family, distribution, points, band }): LineSeries[] => {
    const group = several ? `${family}, ${distribution === "in" ? "in-distribution" : "out-of-distribution"}` : family;
    return [
      { name: `${group}, fit`, group, points: band.map(({ examples, accuracy, lower, upper }) => ({ x: examples, y: accuracy, lower, upper })), style: distribution === "out" ? "dashed" : "solid" },
      { name: group, group, points: points.map(({ examples, correct, total }) => ({ x: examples, y: correct / total })), style: "markers", ...(distribution === "out" && { marker: "diamond" as const }) },
    ];
  });
  return lineChart({
    title: "How much data a skill needs", subtitle: "logistic in log examples, with 95% bands", ...options,
    x: { title: "training examples", scale: "log" }, y: { title: "accuracy", domain: [0, 1], format: ".0%" },
    series: series.filter(({ points }) => points.length > 0),
  });
}

function pointOf({ order, accuracy, interval }: DistanceShare & Share): LinePoint {
  return { x: order, y: accuracy, ...interval };
}
