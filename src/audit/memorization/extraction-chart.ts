import { lineChart, type LineChartOptions, type LineSeries } from "../../plot/line-chart.ts";
import type { Chart } from "../../plot/chart.ts";
import type { ThemeName } from "../../plot/theme.ts";
import type { MemorizationReport } from "./audit-memorization.ts";
import type { ExtractionCell, ExtractionVariable } from "./extraction.ts";

type Extracted = Pick<MemorizationReport, "extraction" | "models" | "continuation" | "fits">;

export interface ExtractionChartOptions {
  /** What the share is drawn against: one of the three variables of Carlini et al. 2022; the prefix by default. */
  readonly by?: ExtractionVariable | undefined;
  readonly theme?: ThemeName | undefined;
}

const X = {
  prefix: { title: "prefix", unit: "tokens", scale: "log" },
  repetitions: { title: "repetitions in the training text", scale: "log" },
  parameters: { title: "parameters", scale: "log" },
} as const satisfies Record<ExtractionVariable, LineChartOptions["x"]>;

/** The share of sequences extracted: measurements with intervals, and the log-linear fit. */
export function extractionChart(report: Extracted, { by = "prefix", theme = "light" }: ExtractionChartOptions = {}): Chart {
  const measured = by === "parameters" ? bySize(report) : by === "prefix" ? byPrefix(report) : byRepetitions(report);
  const law = report.fits.find((fit) => fit.by === by);
  const places = [...new Set(measured.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const fitted = law === undefined ? [] : [{
    name: "log-linear fit", style: "dashed" as const, weight: "bold" as const,
    points: places.map((x) => ({ x, y: law.intercept + law.slope * Math.log2(x) })),
  }];
  return lineChart({
    theme, title: `Training sequences continued word for word, ${report.continuation} tokens`, uncertainty: "bars",
    x: X[by], y: { title: "share extracted" }, series: [...measured, ...fitted],
  });
}

/** A series for each run and class of repetitions. */
function byPrefix({ extraction }: Extracted): LineSeries[] {
  const runs = new Set(extraction.map(({ run }) => run));
  return seriesOf(extraction, (cell) => `${runs.size > 1 ? `${cell.run}, ` : ""}${repetitionsOf(cell)}×`, ({ prefix }) => prefix);
}

/** Of the largest model, a series for each prefix; a class of repetitions stands at the middle of its logarithms. */
function byRepetitions({ extraction, models }: Extracted): LineSeries[] {
  const largest = models.reduce<(typeof models)[number] | undefined>((most, each) => (most === undefined || each.parameters > most.parameters ? each : most), undefined);
  return seriesOf(extraction.filter(({ run }) => run === largest?.run), ({ prefix }) => `prefix of ${prefix}`, ({ repetitions: [least, most] }) => Math.sqrt(least * most));
}

/** A series for each class of repetitions at the longest prefix, and one for all together. */
function bySize({ extraction, models }: Extracted): LineSeries[] {
  const longest = Math.max(...extraction.map(({ prefix }) => prefix));
  const ofClasses = seriesOf(extraction.filter(({ prefix }) => prefix === longest), (cell) => `${repetitionsOf(cell)}×`, ({ parameters }) => parameters);
  const all = models.map(({ parameters, share, interval }) => ({ x: parameters, y: share, ...interval })).sort((a, b) => a.x - b.x);
  return [...ofClasses, { name: "all repetitions", style: "markers", marker: "diamond", points: all }];
}

function seriesOf(cells: readonly ExtractionCell[], nameOf: (cell: ExtractionCell) => string, xOf: (cell: ExtractionCell) => number): LineSeries[] {
  return [...new Set(cells.map(nameOf))].map((name): LineSeries => ({
    name, style: "solid-with-markers",
    points: cells.filter((cell) => nameOf(cell) === name).map((cell) => ({ x: xOf(cell), y: cell.share, ...cell.interval })).sort((a, b) => a.x - b.x),
  }));
}

function repetitionsOf({ repetitions: [least, most] }: ExtractionCell): string {
  return least === most ? String(least) : `${least}–${most}`;
}
