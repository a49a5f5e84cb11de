/** The charts of a report, each in the theme that is asked for. */
import { barChart } from "../../plot/bar-chart.ts";
import type { Chart } from "../../plot/chart.ts";
import { lineChart, type LineSeries } from "../../plot/line-chart.ts";
import type { ThemeName } from "../../plot/theme.ts";
import { widthFor } from "../generalization/generalization-charts.ts";
import type { CanaryExposure } from "../memorization/exposure.ts";
import type { CurvePoint, Estimate, LossGap, PartQuality } from "./audit-report.ts";
import type { GeneralizationFigures } from "./generalization-file.ts";

/** Pixels of charts with two bars. */
const PAIR = { width: 240, height: 220 };

type Draw = (theme: ThemeName) => Chart;

/** Loss by step, or BLEU where no loss was logged; nothing where there are no two points of either. */
export function curveChart(curve: readonly CurvePoint[]): Draw | undefined {
  const series = (field: "loss" | "validationLoss" | "bleu", name: string, style: LineSeries["style"]): LineSeries[] => {
    const points = curve.flatMap((point) => {
      const y = point[field];
      return y === undefined ? [] : [{ x: point.step, y }];
    });
    return points.length === 0 ? [] : [{ name, style: style ?? "solid", points }];
  };
  const losses = [...series("loss", "training", "solid"), ...series("validationLoss", "validation", "solid-with-markers")];
  // A phrase-based translator counts other steps before it is tuned.
  const shown = losses.length > 0 ? losses : series("bleu", "BLEU", "solid-with-markers").map((one) => ({ ...one, points: one.points.map(({ y }, at) => ({ x: at + 1, y })) }));
  if (shown.every(({ points }) => points.length < 2)) return undefined;
  const y = losses.length > 0 ? { title: "loss", unit: "nats a token" } : { title: "BLEU on validation pairs" };
  return (theme) => lineChart({ theme, x: { title: losses.length > 0 ? "step" : "iteration of tuning" }, y, series: shown });
}

/** Clean and contaminated examples; nothing where one kind is missing. */
export function qualityChart({ measure, clean, contaminated }: PartQuality): Draw | undefined {
  if (clean === undefined || contaminated === undefined) return undefined;
  return (theme) => barChart({ theme, ...PAIR, x: {}, y: { title: measure }, bars: [bar("clean", clean), bar("contaminated", contaminated)] });
}

export function gapChart({ training, heldOut }: LossGap): Draw {
  return (theme) => barChart({ theme, ...PAIR, x: {}, y: { title: "loss", unit: "nats a token" }, bars: [bar("training", training), bar("held out", heldOut)] });
}

/** Exposure by repetitions; canaries of a kind beside each other. */
export function exposureChart(exposure: readonly CanaryExposure[]): Draw {
  const bars = exposure.flatMap(({ before, repeats, exposure: bits, fullExposure }) => {
    const category = `${before.trim().split(/\s+/).at(-2) ?? before} (${repeats}×)`;
    return [{ category, group: "exposure", value: bits }, { category, group: "possible", value: fullExposure }];
  });
  return (theme) => barChart({ theme, width: widthFor(names(bars)), height: 240, x: { title: "canary" }, y: { title: "exposure", unit: "bits" }, bars });
}

/** Accuracy at each distance, a bar for each run. */
export function tasksChart({ columns }: GeneralizationFigures): Draw {
  const bars = columns.flatMap(({ name, groups }) => groups.map(({ by, label, distribution, accuracy, interval }) => ({
    category: `${/^\d/.test(label) ? `${by} ` : ""}${label}${distribution === "in" ? " (in)" : ""}`, group: name, value: accuracy, ...interval,
  })));
  return (theme) => barChart({ theme, width: widthFor(names(bars)), x: { title: "distance from training" }, y: { title: "accuracy", domain: [0, 1] }, bars });
}

function names(bars: readonly { readonly category: string }[]): string[] {
  return [...new Set(bars.map(({ category }) => category))];
}

function bar(category: string, { score, lower, upper }: Estimate) {
  return { category, value: score, lower, upper };
}
