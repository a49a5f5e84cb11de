import { confidenceInterval } from "../../metrics/bootstrap.ts";
import { statisticsFromRows, type MetricOfTotals, type SentenceStatistics } from "../../metrics/sentence-statistics.ts";
import { wilsonInterval } from "../../metrics/wilson.ts";
import type { Estimate } from "./audit-report.ts";

/** A corpus metric with its bootstrap interval. */
export function estimateOf(statistics: SentenceStatistics, metric: MetricOfTotals): Estimate {
  const { score, lower, upper } = confidenceInterval(statistics, metric);
  return { score, lower, upper, examples: statistics.sentences };
}

/** Σ of one column over Σ of the other: a mean loss a token of texts of different lengths. */
export function ratioEstimate(rows: readonly (readonly [number, number])[]): Estimate {
  return estimateOf(statisticsFromRows(rows), ([over = NaN, under = NaN]) => over / under);
}

/** A share with Wilson's interval. */
export function shareEstimate(outcomes: readonly boolean[]): Estimate {
  const right = outcomes.filter(Boolean).length;
  const { lower, upper } = wilsonInterval(right, outcomes.length);
  return { score: right / outcomes.length, lower, upper, examples: outcomes.length };
}
