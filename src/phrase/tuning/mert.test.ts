import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { bleuFromTotals } from "../../metrics/bleu.ts";
import { Candidates } from "./candidates.ts";
import { upperEnvelope } from "./envelope.ts";
import { logBleu } from "./log-bleu.ts";
import { mert, searchLine } from "./mert.ts";

/** Small whole numbers, so that candidates tie and cross often. */
const line = fc.tuple(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -4, max: 4 }));
const lines = fc.array(line, { minLength: 1, maxLength: 8 });

/** Candidates of two features, the intercept and the slope; the statistic is the share of right ones. */
function sentence(candidates: readonly (readonly [number, number, number])[]): Candidates {
  const all = new Candidates(2, 1);
  for (const [intercept, slope, right] of candidates) all.add(Float64Array.of(intercept, slope), Float64Array.of(right));
  return all;
}

const mean = (totals: Float64Array): number => totals[0] ?? 0;

/** The measure at a step, by choosing each sentence's best candidate. */
function valueAt(sentences: readonly Candidates[], step: number): number {
  return sentences.reduce((sum, each) => {
    const scores = each.project([1, step]);
    const best = scores.reduce((most, score, k) => (score > (scores[most] ?? -Infinity) ? k : most), 0);
    return sum + (each.statistics[best] ?? 0);
  }, 0);
}

describe("minimum error rate training", () => {
  property.prop([lines, fc.double({ min: -20, max: 20, noNaN: true })])("the envelope is the largest line everywhere", (all, step) => {
    const [intercepts, slopes] = [all.map(([intercept]) => intercept), all.map(([, slope]) => slope)];
    const part = upperEnvelope(intercepts, slopes).filter(({ from }) => from <= step).at(-1);
    const scores = all.map(([intercept, slope]) => intercept + step * slope);
    expect(scores[part?.candidate ?? -1]).toBeCloseTo(Math.max(...scores), 9);
  });

  const sentences = fc
    .array(fc.array(fc.tuple(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })
    .map((all) => all.map(sentence));

  property.prop([sentences], { numRuns: 100 })("no point of a dense grid is better than what the line search finds, and that is reached", (all) => {
    const found = searchLine(all, all.map((each) => each.column(0)), all.map((each) => each.column(1)), mean);
    // No line crosses another at these points, whose denominators are larger than any difference of slopes.
    const grid = Array.from({ length: 2400 }, (_, at) => (at - 1200) / 90 + 1 / 1009);
    expect(found.value).toBeGreaterThanOrEqual(Math.max(...grid.map((step) => valueAt(all, step))));
    expect(valueAt(all, found.step)).toBe(found.value);
  });

  test("weights that choose the right candidate of every sentence are found", () => {
    // Right where the second feature weighs more than twice and less than thrice the first.
    const all = [sentence([[2, 0, 0], [0, 1, 1]]), sentence([[3, 0, 1], [0, 1, 0]])];
    const { weights, value } = mert(all, Float64Array.of(1, 1), mean, { restarts: 3, seed: 1, stream: 0 });
    expect(value).toBe(2);
    const [first = 0, second = 0] = weights;
    expect(second / first).toBeGreaterThan(2);
    expect(second / first).toBeLessThan(3);
  });

  property.prop([sentences], { numRuns: 20 })("the same seed gives the same weights", (all) => {
    const run = (): Float64Array => mert(all, Float64Array.of(1, 0.5), mean, { restarts: 2, seed: 7, stream: 3 }).weights;
    expect([...run()]).toEqual([...run()]);
  });

  property.prop([fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 6, maxLength: 6 })])("log BLEU is that of the metric", ([length = 1, reference = 1, ...matches]) => {
    const totals = Float64Array.from([length, reference, ...matches, 60, 59, 58, 57]);
    expect(100 * Math.exp(logBleu(totals))).toBeCloseTo(bleuFromTotals(totals, { smoothing: "none" }).score, 9);
  });
});
