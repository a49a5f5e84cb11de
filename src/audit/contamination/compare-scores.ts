import { readLines } from "../../data/text-file.ts";
import { confidenceInterval, type ConfidenceInterval } from "../../metrics/bootstrap.ts";
import { statisticsFromRows } from "../../metrics/sentence-statistics.ts";
import { AuditError } from "../audit-error.ts";

/** The mean score of a part of the test set, with its 95% bootstrap interval. */
export interface PartScore extends ConfidenceInterval {
  readonly examples: number;
}

export interface ScoreComparison {
  readonly all: PartScore;
  /** Absent where no example is of the part. */
  readonly clean?: PartScore;
  readonly contaminated?: PartScore;
  /** Of the clean part's mean against that of all, as a share of the latter (Brown et al. 2020, table C.1); absent where that is 0. */
  readonly relativeDifference?: number;
}

/** @throws RangeError where there is no score */
export function compareScores(scores: readonly number[], contaminated: ReadonlySet<number>): ScoreComparison {
  const all = partScore(scores);
  const clean = scores.filter((_, index) => !contaminated.has(index));
  const seen = scores.filter((_, index) => contaminated.has(index));
  return {
    all, ...(seen.length > 0 && { contaminated: partScore(seen) }),
    ...(clean.length > 0 && { clean: partScore(clean), ...(all.score !== 0 && { relativeDifference: partScore(clean).score / all.score - 1 }) }),
  };
}

/** One number a line, as many as there are examples. @throws AuditError that names file and line */
export async function readScores(file: string, examples: number): Promise<number[]> {
  const lines = await readLines(file);
  if (lines.length !== examples) throw new AuditError(`${file} has ${lines.length} lines for ${examples} examples; give one score a line, for each example in order.`);
  return lines.map((line, at) => {
    const score = Number(line);
    if (line.trim() !== "" && Number.isFinite(score)) return score;
    throw new AuditError(`${file}, line ${at + 1}, is "${line.slice(0, 40)}", no number; give one score a line, for each example in order.`);
  });
}

function partScore(scores: readonly number[]): PartScore {
  const interval = confidenceInterval(statisticsFromRows(scores.map((score) => [score])), ([sum = NaN]) => sum / scores.length);
  return { examples: scores.length, ...interval };
}
