import { lineChart, type LineSeries } from "../../plot/line-chart.ts";
import type { Chart } from "../../plot/chart.ts";
import type { MemorizationReport } from "./audit-memorization.ts";
import type { ExtractionCell } from "./extraction.ts";

/** The share of sequences extracted against the length of the prefix: measurements with intervals, a series for each run and class of repetitions. */
export function extractionChart({ extraction, continuation, fits }: Pick<MemorizationReport, "extraction" | "continuation" | "fits">): Chart {
  const runs = new Set(extraction.map(({ run }) => run));
  const nameOf = ({ run, repetitions: [least, most] }: ExtractionCell): string => (
    `${runs.size > 1 ? `${run}, ` : ""}${least === most ? least : `${least}–${most}`}×`);
  const names = [...new Set(extraction.map(nameOf))];
  const measured = names.map((name): LineSeries => ({
    name, style: "solid-with-markers",
    points: extraction.filter((cell) => nameOf(cell) === name).map(({ prefix, share, interval }) => ({ x: prefix, y: share, ...interval })),
  }));
  const law = fits.find(({ by }) => by === "prefix");
  const prefixes = [...new Set(extraction.map(({ prefix }) => prefix))];
  const fitted = law === undefined ? [] : [{
    name: "log-linear fit, all repetitions", style: "dashed" as const, weight: "bold" as const,
    points: prefixes.map((prefix) => ({ x: prefix, y: law.intercept + law.slope * Math.log2(prefix) })),
  }];
  return lineChart({
    title: `Training sequences continued word for word, ${continuation} tokens`, uncertainty: "bars",
    x: { title: "prefix", unit: "tokens", scale: "log" }, y: { title: "share extracted" }, series: [...measured, ...fitted],
  });
}
