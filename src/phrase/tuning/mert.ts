/** Minimum error rate training (Och 2003, "Minimum Error Rate Training in Statistical Machine Translation"). */
import { philox } from "../../metrics/counter-random.ts";
import type { MetricOfTotals } from "../../metrics/sentence-statistics.ts";
import type { Candidates } from "./candidates.ts";
import { upperEnvelope } from "./envelope.ts";

/** A point of a line, and what the measure is there. */
export interface LineOptimum {
  /** How far along the line. */
  readonly step: number;
  readonly value: number;
}

/**
 * The point of a line on which the candidates that score best have the highest measure: exact, for the measure changes only
 * where the best candidate of a sentence does.
 *
 * @param intercepts of each sentence, the candidates' scores at step 0
 * @param slopes of each sentence, what a step of 1 adds to them
 * @returns the middle of the best stretch; of equals the one that is nearest to where the line starts
 */
export function searchLine(
  sentences: readonly Candidates[], intercepts: readonly Float64Array[], slopes: readonly Float64Array[], metric: MetricOfTotals,
): LineOptimum {
  const { totals, changes } = changesAlong(sentences, intercepts, slopes);
  let best: LineOptimum & { readonly distance: number } = { step: 0, value: -Infinity, distance: Infinity };
  let from = -Infinity;
  for (let at = 0; at <= changes.length; at++) {
    const to = changes[at]?.step ?? Infinity;
    if (to > from) {
      const value = metric(totals);
      const step = middle(from, to);
      const distance = from <= 0 && to >= 0 ? 0 : Math.abs(step);
      if (value > best.value || (value === best.value && distance < best.distance)) best = { step, value, distance };
      from = to;
    }
    const change = changes[at];
    if (change !== undefined) applyChange(totals, change);
  }
  return { step: best.step, value: best.value };
}

/** Where a sentence's best candidate gives way to the next. */
interface Change {
  readonly step: number;
  readonly sentence: Candidates;
  readonly leaving: number;
  readonly coming: number;
}

/** The totals of the statistics far to the left, and how they change from there, from left to right. */
function changesAlong(
  sentences: readonly Candidates[], intercepts: readonly Float64Array[], slopes: readonly Float64Array[],
): { totals: Float64Array; changes: Change[] } {
  const totals = new Float64Array(sentences[0]?.statisticCount ?? 0);
  const changes: Change[] = [];
  sentences.forEach((sentence, at) => {
    let before: number | undefined;
    for (const { from, candidate } of upperEnvelope(intercepts[at] ?? [], slopes[at] ?? [])) {
      if (before === undefined) addRow(totals, sentence, candidate, 1);
      else changes.push({ step: from, sentence, leaving: before, coming: candidate });
      before = candidate;
    }
  });
  return { totals, changes: changes.sort((a, b) => a.step - b.step) };
}

function applyChange(totals: Float64Array, { sentence, leaving, coming }: Change): void {
  addRow(totals, sentence, leaving, -1);
  addRow(totals, sentence, coming, 1);
}

function addRow(totals: Float64Array, { statistics, statisticCount }: Candidates, row: number, sign: number): void {
  for (let at = 0; at < statisticCount; at++) totals[at] = (totals[at] ?? 0) + sign * (statistics[row * statisticCount + at] ?? 0);
}

/** The middle of a stretch; one beyond its finite end where it has only one. */
function middle(from: number, to: number): number {
  if (from === -Infinity) return to === Infinity ? 0 : to - 1;
  return to === Infinity ? from + 1 : (from + to) / 2;
}

export interface MertOptions {
  /** Starts from random weights, beside the one from the weights given. */
  readonly restarts: number;
  readonly seed: number;
  /** Which of the seed's sequences, so that calls of one training differ. */
  readonly stream: number;
}

export interface MertResult {
  readonly weights: Float64Array;
  /** The measure of the candidates that these weights choose. */
  readonly value: number;
}

/** The least gain of a whole round for which another is made. */
const LEAST_GAIN = 1e-5;

/**
 * Weights under which the best-scoring candidates have a high measure: from each start, lines along one weight after the other
 * are searched until a round of all gains nothing.
 *
 * @param weights the first start, and the scale of the others: they are drawn uniformly from ± the largest
 */
export function mert(sentences: readonly Candidates[], weights: Float64Array, metric: MetricOfTotals, { restarts, seed, stream }: MertOptions): MertResult {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const drawn = (start: number): Float64Array => weights.map((_, at) => largest * (philox(seed, start * weights.length + at, stream)[0] / 2 ** 31 - 1));
  let best: MertResult = ascend(sentences, weights, metric);
  for (let start = 0; start < restarts; start++) {
    const found = ascend(sentences, drawn(start), metric);
    if (found.value > best.value + LEAST_GAIN) best = found;
  }
  return best;
}

/** Searches along one weight after the other. */
function ascend(sentences: readonly Candidates[], start: Float64Array, metric: MetricOfTotals): MertResult {
  const weights = start.slice();
  const scores = sentences.map((sentence) => sentence.project(weights));
  let value = -Infinity;
  for (;;) {
    const before = value;
    for (let feature = 0; feature < weights.length; feature++) {
      const slopes = sentences.map((sentence) => sentence.column(feature));
      const { step, value: reached } = searchLine(sentences, scores, slopes, metric);
      if (reached <= value) continue;
      value = reached;
      weights[feature] = (weights[feature] ?? 0) + step;
      scores.forEach((row, at) => {
        const slope = slopes[at] ?? row;
        for (let k = 0; k < row.length; k++) row[k] = (row[k] ?? 0) + step * (slope[k] ?? 0);
      });
    }
    if (!(value > before + LEAST_GAIN)) return { weights, value };
  }
}
