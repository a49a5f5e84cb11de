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
  const series = runs.flatMap((run): LineSeries[] => {
    const named = naming(runs, run);
    const points = (value: (point: PointOfCurve) => PointOfCurve["pass"] | null): LinePoint[] => run.points.flatMap((point) => {
      const estimate = value(point);
      return estimate === null ? [] : [{ x: of(point), y: estimate.value, lower: estimate.interval[0], upper: estimate.interval[1] }];
    });
    const searched = [...new Set(run.strategies.map(({ strategy }) => strategy))].map((strategy): LineSeries => ({
      ...named(strategy), style: "dashed", points: run.strategies.filter((point) => point.strategy === strategy).map((point) => ({ x: of(point), y: point.accuracy })),
    }));
    // Bands of all lines would cover each other.
    const likeliest = points((point) => point.likeliest).map(({ x, y }) => ({ x, y }));
    return [
      { ...named("best of k by verifier"), points: points(({ pass }) => pass), style: "solid-with-markers" },
      { ...named("majority of k"), points: points(({ majority }) => majority), style: "solid-with-markers", marker: "square" },
      ...(likeliest.length === 0 ? [] : [{ ...named("likeliest of k"), points: likeliest, weight: "thin" } as const]),
      ...searched,
      // A label would cover the only point.
      { ...named("greedy", false), style: "markers", marker: "diamond", points: [{ x: of(run.greedy), y: run.greedy.accuracy }] },
    ];
  });
  return lineChart({ ...(runs.length > 1 && { subtitle: "Diamonds are greedy answers" }), ...frame, x: axis, y: { title: "share of problems solved", domain: [0, 1] }, series });
}

/** One run's lines differ in colour; those of several share the run's colour, and each line says what it shows. */
function naming(runs: readonly RunCurve[], { run }: RunCurve): (what: string, labelled?: boolean) => Pick<LineSeries, "name" | "group" | "label"> {
  return (what, labelled = true) => (runs.length === 1 ? { name: what } : { name: `${run}: ${what}`, group: run, ...(labelled && { label: what }) });
}

/** How little the samples have in common, along the same axis. */
export function entropyChart(runs: readonly RunCurve[], frame: Frame = {}): Chart {
  const { axis, of } = computeAxis(runs);
  const series = runs.flatMap((run) => ([["answers", "answerEntropy"], ["texts", "pathEntropy"]] as const).map(([what, field]): LineSeries => ({
    ...naming(runs, run)(what), style: field === "pathEntropy" ? "dashed" : "solid",
    points: run.points.map((point) => ({ x: of(point), y: point[field] })),
  })));
  return lineChart({ ...frame, x: axis, y: { title: "entropy of the samples", unit: "nats" }, series });
}
