import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { auroc, calibration, riskCoverage } from "./judged.ts";
import { clusterAnswers, sameMeaning, semanticEntropy, weightedSemanticEntropy, type Compare } from "./semantic-entropy.ts";

describe("semantic entropy", () => {
  it("of clusters [0, 1, 2, 1] is 1.039721 nats", () => {
    expect(semanticEntropy([0, 1, 2, 1])).toBeCloseTo(1.039721, 6);
    expect(semanticEntropy([5, 5, 5])).toBe(0);
  });

  it.prop([fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 })])("weighted by equal likelihoods is that of the counts", (clusters) => {
    expect(weightedSemanticEntropy(clusters, clusters.map(() => -1.5))).toBeCloseTo(semanticEntropy(clusters), 12);
  });

  it("weighted is that of the clusters' probabilities", () => {
    // Probabilities 1/2, 1/4, 1/4 of samples in clusters 0, 0, 1: 3/4 and 1/4.
    expect(weightedSemanticEntropy([0, 0, 1], [0.5, 0.25, 0.25].map(Math.log))).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 12);
    expect(() => weightedSemanticEntropy([0], [])).toThrow(/1 clusters and 0 likelihoods/);
    expect(() => semanticEntropy([])).toThrow(/at least one sample/);
  });

  it("puts equal meanings together in order of appearance", async () => {
    expect(await clusterAnswers(["7", "8", "9", "8"], sameMeaning)).toEqual([0, 1, 2, 1]);
  });

  it("takes the rules apart where only one direction entails", async () => {
    const compare: Compare = (answer, other) => (other.startsWith(answer) ? "entails" : answer.startsWith(other) ? "neutral" : "contradicts");
    const answers = ["Paris", "Paris, France", "Rome"];
    expect(await clusterAnswers(answers, compare, "default")).toEqual([0, 0, 1]);
    expect(await clusterAnswers(answers, compare, "strict")).toEqual([0, 1, 2]);
    expect(await clusterAnswers(["a", "b"], () => "neutral", "default")).toEqual([0, 1]);
  });
});

const judgedList = fc.array(fc.record({ score: fc.integer({ min: 0, max: 5 }).map((fifths) => fifths / 5), correct: fc.boolean() }), { minLength: 1, maxLength: 14 });

describe("AUROC", () => {
  it.prop([judgedList])("is the share of pairs in the right order, ties counting half", (judged) => {
    const [right, wrong] = [judged.filter(({ correct }) => correct), judged.filter(({ correct }) => !correct)];
    const pairs = right.flatMap((a) => wrong.map((b) => (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0)));
    const expected = pairs.length === 0 ? undefined : pairs.reduce<number>((sum, each) => sum + each, 0) / pairs.length;
    if (expected === undefined) expect(auroc(judged)).toBeUndefined();
    else expect(auroc(judged)).toBeCloseTo(expected, 12);
  });
});

describe("calibration", () => {
  it("is the mean distance of confidence and accuracy over bins", () => {
    const judged = [
      ...Array.from({ length: 10 }, (_, at) => ({ score: 0.9, correct: at < 7 })),
      ...Array.from({ length: 10 }, (_, at) => ({ score: 0.3, correct: at < 3 })),
    ];
    const { ece, bins } = calibration(judged);
    expect(ece).toBeCloseTo(0.1, 12);
    expect(bins.map(({ count, accuracy }) => [count, accuracy])).toEqual([[10, 0.3], [10, 0.7]]);
    expect(() => calibration([{ score: 1.2, correct: true }])).toThrow(/1.2; calibration is about probabilities/);
  });

  it("puts the ends 0 and 1 into the first and the last bin", () => {
    expect(calibration([{ score: 0, correct: false }, { score: 1, correct: true }]).bins.map(({ upper }) => upper)).toEqual([0.1, 1]);
  });
});

describe("risk against coverage", () => {
  it.prop([judgedList])("ends with all answers and their share of wrong ones", (judged) => {
    const last = riskCoverage(judged).at(-1);
    expect(last?.coverage).toBe(1);
    expect(last?.risk).toBeCloseTo(judged.filter(({ correct }) => !correct).length / judged.length, 12);
  });

  it("gives the surest answers first", () => {
    const judged = [{ score: 0.9, correct: true }, { score: 0.5, correct: false }, { score: 0.9, correct: true }, { score: 0.1, correct: false }];
    expect(riskCoverage(judged)).toEqual([{ coverage: 0.5, risk: 0 }, { coverage: 0.75, risk: 1 / 3 }, { coverage: 1, risk: 0.5 }]);
  });
});
