import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidates, checkTokenChoice, chooseToken, penalized, type TokenChoice } from "./token-choice.ts";

const logits = fc.array(fc.integer({ min: -96, max: 96 }).map((value) => value / 16), { minLength: 1, maxLength: 12 });
const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });

function softmax(values: readonly number[]): number[] {
  const powers = values.map(Math.exp);
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The definitions, in as many words: indices that may be drawn, by the first restrictions that reach the share. */
function firstUpTo(order: readonly number[], probabilities: readonly number[], wanted: number): number[] {
  const kept: number[] = [];
  for (const at of order) {
    if (kept.reduce((sum, index) => sum + (probabilities[index] ?? 0), 0) >= wanted) break;
    kept.push(at);
  }
  return kept;
}

function places(values: readonly number[], choice: TokenChoice): number[] {
  return [...candidates({ values, tokens: undefined }, choice).places].sort((a, b) => a - b);
}

const ascending = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
/** Sums of probabilities that lie within rounding of the share decide nothing. */
const decided = (order: readonly number[], p: readonly number[], wanted: number): boolean => order.every((_, at) => (
  Math.abs(order.slice(0, at + 1).reduce((sum, index) => sum + (p[index] ?? 0), 0) - wanted) > 1e-9));

describe("restrictions of a distribution", () => {
  test("keep the tokens that their definitions keep", () => {
    fc.assert(fc.property(logits, share, fc.integer({ min: 1, max: 6 }), (values, part, count) => {
      const p = softmax(values);
      const order = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
      expect(places(values, { topK: count })).toEqual(ascending(order.slice(0, count)));
      if (decided(order, p, part)) expect(places(values, { topP: part })).toEqual(ascending(firstUpTo(order, p, part)));
      const most = Math.max(...p);
      if (p.every((q) => Math.abs(q - part * most) > 1e-9)) {
        expect(places(values, { minP: part })).toEqual([...p.keys()].filter((at) => (p[at] ?? 0) >= part * most));
      }
      const entropy = p.reduce((sum, q) => sum - q * Math.log(q), 0);
      const distance = p.map((q) => Math.abs(-Math.log(q) - entropy));
      const typical = [...p.keys()].sort((a, b) => (distance[a] ?? 0) - (distance[b] ?? 0));
      const clear = typical.every((at, rank) => rank === 0 || (distance[at] ?? 0) - (distance[typical[rank - 1] ?? 0] ?? 0) > 1e-9);
      if (clear && decided(typical, p, part)) expect(places(values, { typical: part })).toEqual(ascending(firstUpTo(typical, p, part)));
    }));
  });

  test("draws follow softmax(logits / temperature)", () => {
    fc.assert(fc.property(logits, fc.double({ min: 0.3, max: 3, noNaN: true }), (values, temperature) => {
      const p = softmax(values.map((value) => value / temperature));
      const points = 2000;
      const counts = p.map(() => 0);
      for (let at = 0; at < points; at++) {
        const token = chooseToken({ values, tokens: undefined }, { temperature }, (at + 0.5) / points);
        counts[token] = (counts[token] ?? 0) + 1;
      }
      counts.forEach((count, at) => expect(Math.abs(count / points - (p[at] ?? 0))).toBeLessThan(1.01 / points));
    }), { numRuns: 30 });
  });

  test("greedy takes the first of the likeliest, and names tokens by their ids", () => {
    expect(chooseToken({ values: [1, 3, 3], tokens: undefined }, { greedy: true }, 0.9)).toBe(1);
    expect(chooseToken({ values: [1, 3, 2], tokens: [7, 9, 8] }, { greedy: true }, 0)).toBe(9);
  });

  test("refuse what makes no sense, and weights that are not numbers", () => {
    const bad: readonly [TokenChoice, RegExp][] = [
      [{ temperature: 0 }, /temperature is 0/], [{ topP: 1.5 }, /topP is 1.5/], [{ minP: 0 }, /minP is 0/], [{ topK: 0 }, /topK is 0/],
      [{ typical: -1 }, /typical is -1/], [{ repetitionPenalty: 0 }, /repetition penalty is 0/], [{ presencePenalty: NaN }, /presence penalty is NaN/],
    ];
    for (const [choice, message] of bad) expect(() => checkTokenChoice(choice)).toThrow(message);
    expect(() => chooseToken({ values: [NaN, NaN], tokens: undefined }, {}, 0)).toThrow(/no token a probability above zero/);
  });
});

describe("penalties", () => {
  test("act on logits, whatever was subtracted from them", () => {
    const raw = [2, -1, 0.5, 1];
    const normalizer = Math.log(raw.reduce((sum, value) => sum + Math.exp(value), 0));
    const history = { written: new Map([[0, 3], [2, 1]]), occurred: new Set([0, 1, 2]) };
    const scores = penalized(raw.map((value) => value - normalizer), normalizer, { repetitionPenalty: 2, frequencyPenalty: 0.1, presencePenalty: 0.25 }, history);
    const expected = [2 / 2 - 0.3 - 0.25, -1 * 2, 0.5 / 2 - 0.1 - 0.25, 1];
    scores.forEach((score, at) => expect(score + normalizer).toBeCloseTo(expected[at] ?? NaN, 5));
  });
});
