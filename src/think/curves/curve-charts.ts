import type { Chart, ChartOptions } from "../../plot/chart.ts";
import { lineChart, type LinePoint, type LineSeries } from "../../plot/line-chart.ts";
import type { PointOfCurve, RunCurve } from "./curve.ts";

type Frame = Pick<ChartOptions, "theme" | "title" | "subtitle">;

/** What compute is counted in: FLOPs, or tokens where some model's size is not known. */
function computeAxis(runs: readonly RunCurve[]): { readonly axis: { title: string; unit: string; scale: "log" }; readonly of: (point: Pick<PointOfCurve, "flops" | "tokens">) => number } {
  const known = runs.every(({ greedy }) => greedy.flops !== null);
  return known
    ? { axis: { title: "compute for a problem", unit: "FLOPs", scale: "log" }, of: ({ flops }) => flops ?? NaN }
    : { axis: { title: "written for a problem", unit: "tokens", scale: "log" }, of: ({ tokens }) => tokens };
}

/** Accuracy against the compute of thinking, for all runs and strategies. */
export function accuracyChart(runs: readonly RunCurve[], frame: Frame = {}): Chart {
  const { axis, of } = computeAxis(runs);
  const named = (run: RunCurve, what: string): string => (runs.length === 1 ? what : `${run.run}: ${what}`);
  const series = runs.flatMap((run): LineSeries[] => {
    const line = (what: string, value: (point: PointOfCurve) => PointOfCurve["pass"] | null): LineSeries[] => {
      const points = run.points.flatMap((point): LinePoint[] => {
        const estimate = value(point);
        return estimate === null ? [] : [{ x: of(point), y: estimate.value, lower: estimate.interval[0], upper: estimate.interval[1] }];
      });
      return points.length === 0 ? [] : [{ name: named(run, what), points, style: "solid-with-markers" }];
    };
    const searched = [...new Set(run.strategies.map(({ strategy }) => strategy))].map((strategy): LineSeries => ({
      name: named(run, strategy), style: "dashed",
      points: run.strategies.filter((point) => point.strategy === strategy).map((point) => ({ x: of(point), y: point.accuracy, lower: point.interval[0], upper: point.interval[1] })),
    }));
    return [
      ...line("best of k by verifier", ({ pass }) => pass), ...line("majority of k", ({ majority }) => majority), ...line("likeliest of k", ({ likeliest }) => likeliest),
      ...searched, { name: named(run, "greedy"), style: "markers", marker: "diamond", points: [{ x: of(run.greedy), y: run.greedy.accuracy }] },
    ];
  });
  return lineChart({ ...frame, x: axis, y: { title: "problems solved", domain: [0, 1] }, series });
}

/** How little the samples have in common, along the same axis. */
export function entropyChart(runs: readonly RunCurve[], frame: Frame = {}): Chart {
  const { axis, of } = computeAxis(runs);
  const series = runs.flatMap((run) => ([["answers", "answerEntropy"], ["texts", "pathEntropy"]] as const).map(([what, field]): LineSeries => ({
    name: runs.length === 1 ? what : `${run.run}: ${what}`, style: field === "pathEntropy" ? "dashed" : "solid",
    points: run.points.map((point) => ({ x: of(point), y: point[field] })),
  })));
  return lineChart({ ...frame, x: axis, y: { title: "entropy of the samples", unit: "nats" }, series });
}
