import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ScriptedSampler } from "../fixtures/scripted-sampler.ts";
import { wordTask } from "../fixtures/word-task.ts";
import { betaCoverage, coverageOfProblem, fitBeta, fitCoveragePower } from "./coverage.ts";
import { exchangeRates, measureCurve } from "./curve.ts";
import { exchangeRate } from "./exchange-rate.ts";
import { bestOfK, passAtK } from "./pass-at-k.ts";
import { agreement, votesAtK, type Vote } from "./votes-at-k.ts";
import { Draws } from "../tasks/draws.ts";

function subsets<T>(items: readonly T[], k: number): T[][] {
  if (k === 0) return [[]];
  return items.flatMap((item, at) => subsets(items.slice(at + 1), k - 1).map((rest) => [item, ...rest]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const smallDraws = fc.integer({ min: 1, max: 7 }).chain((n) => fc.tuple(
  fc.array(fc.record({ score: fc.integer({ min: 0, max: 3 }), correct: fc.boolean() }), { minLength: n, maxLength: n }), fc.integer({ min: 1, max: n })));

describe("pass@k", () => {
  it.prop([smallDraws])("is the share of subsets of k with a right one", ([draws, k]) => {
    const expected = mean(subsets(draws, k).map((subset) => Number(subset.some(({ correct }) => correct))));
    expect(passAtK(draws.length, draws.filter(({ correct }) => correct).length, k)).toBeCloseTo(expected, 12);
  });

  it("is 1 − C(n − c, k)/C(n, k) where the binomials would overflow", () => {
    // C(190, 100)/C(200, 100) = Π (100 − i)/(200 − i) for i from 0 to 9
    let missing = 1;
    for (let i = 0; i < 10; i++) missing *= (100 - i) / (200 - i);
    expect(passAtK(200, 10, 100)).toBeCloseTo(1 - missing, 12);
    expect(passAtK(10_000, 5, 1)).toBeCloseTo(0.0005, 12);
  });

  it("says what it needs", () => {
    expect(() => passAtK(5, 2, 6)).toThrow(/k is 6, but 5 draws tell of 1 to 5/);
    expect(() => passAtK(5, 6, 1)).toThrow(/6 of 5 draws/);
  });
});

describe("best of k", () => {
  it.prop([smallDraws])("is the mean over subsets of k of the best-scored ones' correctness", ([draws, k]) => {
    const expected = mean(subsets(draws, k).map((subset) => {
      const most = Math.max(...subset.map(({ score }) => score));
      return mean(subset.filter(({ score }) => score === most).map(({ correct }) => Number(correct)));
    }));
    expect(bestOfK(draws, k)).toBeCloseTo(expected, 12);
  });

  it.prop([smallDraws])("is pass@k where the score is correctness itself", ([draws, k]) => {
    const scored = draws.map(({ correct }) => ({ score: Number(correct), correct }));
    expect(bestOfK(scored, k)).toBeCloseTo(passAtK(draws.length, draws.filter(({ correct }) => correct).length, k), 12);
  });
});

describe("majority@k", () => {
  const vote = (meaning: string | undefined): Vote => ({ meaning, correct: meaning === "right", path: meaning ?? "", weight: 1 });
  const votes = fc.array(fc.constantFrom("right", "wrong", "other", undefined), { minLength: 1, maxLength: 7 }).chain((meanings) => (
    fc.tuple(fc.constant(meanings.map(vote)), fc.integer({ min: 1, max: meanings.length }))));

  it.prop([votes])("is the mean over subsets, winners of equal votes counting in part", ([all, k]) => {
    const expected = mean(subsets(all, k).map((subset) => {
      const counts = ["right", "wrong", "other"].map((meaning) => subset.filter((each) => each.meaning === meaning).length);
      const most = Math.max(...counts);
      return most > 0 && counts[0] === most ? 1 / counts.filter((count) => count === most).length : 0;
    }));
    expect(votesAtK(all, k).correct).toBeCloseTo(expected, 12);
  });

  it("is exact over few subsets, however large they are", () => {
    const all = Array.from({ length: 64 }, (_, at) => vote(at < 32 ? "right" : "wrong"));
    expect(votesAtK(all, 63).correct).toBeCloseTo(0.5, 12); // of each without one, the other side has one more
  });

  it("of drawn subsets is near that of all", () => {
    const all = Array.from({ length: 30 }, (_, at) => vote(at % 3 === 0 ? "right" : at % 3 === 1 && at < 20 ? "wrong" : `other ${at}`));
    const exact = votesAtK(all, 15, { subsets: 20_000, seed: 1 });
    const drawn = votesAtK(all, 15, { subsets: 2_000, seed: 2 });
    expect(drawn.correct).toBeCloseTo(exact.correct, 1);
    expect(drawn.answerEntropy).toBeCloseTo(exact.answerEntropy, 1);
  });

  it("knows the entropy of answers and the agreement of pairs", () => {
    const all = ["a", "a", "b", "b"].map(vote);
    expect(votesAtK(all, 4).answerEntropy).toBeCloseTo(Math.LN2, 12);
    expect(agreement(all.map(({ meaning }) => meaning))).toBeCloseTo(1 / 3, 12); // 2 of 6 pairs
    expect(agreement(["a"])).toBeUndefined();
  });
});

describe("coverage", () => {
  it("of Beta probabilities is the integral over them", () => {
    const [alpha, beta] = [0.6, 3];
    const steps = 200_000;
    for (const k of [1, 4, 32]) {
      // Substituting p = u^(1/α) takes the pole at 0 away.
      let [sum, total] = [0, 0];
      for (let step = 0; step < steps; step++) {
        const p = ((step + 0.5) / steps) ** (1 / alpha);
        const density = (1 - p) ** (beta - 1);
        sum += density * coverageOfProblem(p, k);
        total += density;
      }
      expect(betaCoverage({ alpha, beta }, k)).toBeCloseTo(sum / total, 5);
    }
    expect(betaCoverage({ alpha, beta }, 1)).toBeCloseTo(alpha / (alpha + beta), 12);
  });

  it("of Beta probabilities misses as a power of k with exponent −α", () => {
    const points = Array.from({ length: 5 }, (_, power) => 2 ** (power + 15)).map((k) => ({ k, coverage: betaCoverage({ alpha: 0.4, beta: 2 }, k) }));
    const fit = fitCoveragePower(points);
    expect(fit?.exponent).toBeCloseTo(-0.4, 2);
    expect(fit?.r2).toBeGreaterThan(0.999);
  });

  it("finds a power law's own parameters", () => {
    const fit = fitCoveragePower([1, 2, 4, 8].map((k) => ({ k, coverage: Math.exp(-2 * k ** -0.5) })));
    expect(fit?.scale).toBeCloseTo(2, 10);
    expect(fit?.exponent).toBeCloseTo(-0.5, 10);
    expect(fitCoveragePower([{ k: 1, coverage: 0 }, { k: 2, coverage: 1 }])).toBeUndefined();
  });

  it("finds the Beta distribution that counts were drawn from", () => {
    // α = 2, β = 3 are of whole order: the second smallest of four uniform draws.
    const problems = Array.from({ length: 4000 }, (_, at) => {
      const draws = new Draws(7, at);
      const p = [draws.next(), draws.next(), draws.next(), draws.next()].sort((a, b) => a - b)[1] ?? NaN;
      return { drawn: 30, correct: Array.from({ length: 30 }, () => draws.next()).filter((draw) => draw < p).length };
    });
    const fit = fitBeta(problems);
    expect(fit?.alpha).toBeCloseTo(2, 0);
    expect(fit?.beta).toBeCloseTo(3, 0);
    expect((fit?.alpha ?? NaN) / ((fit?.alpha ?? NaN) + (fit?.beta ?? NaN))).toBeCloseTo(0.4, 1);
    expect(fitBeta([{ drawn: 5, correct: 0 }])).toBeUndefined();
  });
});

describe("the exchange rate", () => {
  const small = [1, 2, 4, 8].map((k) => ({ k, accuracy: 0.2 + 0.1 * Math.log2(k), flops: 10 * k }));

  it("lies between measured numbers of samples on a line in ln k", () => {
    const rate = exchangeRate(small, { accuracy: 0.35, flops: 100 });
    expect(rate?.samples).toBeCloseTo(2 ** 1.5, 12);
    expect(rate?.smallFlops).toBeCloseTo(10 * 2 ** 1.5, 12);
    expect(rate?.ratio).toBeCloseTo(2 ** 1.5 / 10, 12);
  });

  it("is one sample where that is enough, and none where all are not", () => {
    expect(exchangeRate(small, { accuracy: 0.1, flops: 100 })?.samples).toBe(1);
    expect(exchangeRate(small, { accuracy: 0.9, flops: 100 })).toBeUndefined();
  });
});

describe("curves of models that are of one size", () => {
  const curveOf = async (run: string, right: number) => {
    const sampler = new ScriptedSampler(() => [["right", right], ["wrong", 1 - right]]);
    const { curve } = await measureCurve(run, wordTask, await wordTask.problems("test", { seed: 1, count: 10 }), sampler, { samples: 8 });
    return curve;
  };

  it("count a prompt once for all samples of it, as the greedy answer does", async () => {
    const { greedy, points } = await curveOf("one", 0.4);
    // Two characters are read, and six tokens written for a sample.
    expect(greedy.flops).toBe(2 + 6);
    expect(points.map(({ flops }) => flops)).toEqual([1, 2, 4, 8].map((k) => 2 + 6 * k));
  });

  it("are exchanged for the better one, and say so where the samples do not reach it", async () => {
    const [weak, strong] = [await curveOf("weak", 0.4), await curveOf("strong", 0.9)];
    expect(strong.greedy.accuracy).toBe(1);
    const all = exchangeRates([strong, weak]);
    expect(all.map(({ small, large, measure }) => [small, large, measure])).toEqual([["weak", "strong", "pass"], ["weak", "strong", "majority"]]);
    expect(all[1]).toMatchObject({ samples: null, ratio: null, largeFlops: 8 });
  });
});
