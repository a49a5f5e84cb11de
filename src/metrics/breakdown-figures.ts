/** The two panels of Figure 3 of Sutskever, Vinyals and Le 2014: BLEU by sentence length and by word rarity. */
import { lineChart, type Chart, type ChartOptions } from "../plot/index.ts";
import type { Bucket } from "./breakdown.ts";

/** One system's line in a figure. */
export interface BucketSeries {
  readonly name: string;
  readonly buckets: readonly Bucket[];
}

/** BLEU against source length, each bucket at its mean, with error bars where buckets have intervals. */
export function lengthFigure(systems: readonly BucketSeries[], options: ChartOptions = {}): Chart {
  return bucketChart(
    systems,
    { title: "BLEU by sentence length", ...options },
    { title: "source length", unit: "words" },
  );
}

/** BLEU against mean word frequency rank, each bucket at its mean, with error bars where buckets have intervals. */
export function wordRankFigure(systems: readonly BucketSeries[], options: ChartOptions = {}): Chart {
  return bucketChart(systems, { title: "BLEU by word rarity", ...options }, { title: "mean word frequency rank" });
}

function bucketChart(
  systems: readonly BucketSeries[],
  options: ChartOptions,
  x: { readonly title: string; readonly unit?: string },
): Chart {
  return lineChart({
    ...options,
    x,
    y: { title: "BLEU", zero: true },
    uncertainty: "bars",
    series: systems.map(({ name, buckets }) => ({
      name,
      style: "solid-with-markers",
      points: buckets.map(({ mean, score, lower, upper }) => ({
        x: mean,
        y: score,
        ...(lower === undefined || upper === undefined ? {} : { lower, upper }),
      })),
    })),
  });
}
