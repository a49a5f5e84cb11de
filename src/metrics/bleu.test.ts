import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { bleu, bleuFromTotals, bleuStatistics, sentenceBleu, type BleuOptions } from "./bleu.ts";
import { corpus, sacrebleu } from "./fixtures/sacrebleu.ts";
import { totalStatistics } from "./sentence-statistics.ts";

describe("equals sacreBLEU to 1e-9", () => {
  const cases = sacrebleu.bleu.map((expected) => ({ ...expected, name: `${expected.corpus} ${expected.signature}` }));
  test.each(cases)("$name", (expected) => {
    const { smoothingValue, ...rest } = expected.options;
    const options: BleuOptions = smoothingValue === null ? rest : { ...rest, smoothingValue };
    const { hypotheses, references } = corpus(expected.corpus);
    const ours = bleu(hypotheses, references, options);
    expect(Math.abs(ours.score - expected.score)).toBeLessThan(1e-9);
    expect(ours.precisions).toHaveLength(4);
    expected.precisions.forEach((precision, index) => {
      expect(Math.abs((ours.precisions[index] ?? NaN) - precision)).toBeLessThan(1e-9);
    });
    expect(Math.abs(ours.brevityPenalty - expected.brevityPenalty)).toBeLessThan(1e-9);
    expect(ours.hypothesisLength).toBe(expected.hypothesisLength);
    expect(ours.referenceLength).toBe(expected.referenceLength);
    expect(ours.signature).toBe(expected.signature.replace(sacrebleu.sacrebleu, `${sacrebleu.sacrebleu}-compatible`));
  });

  test.each(sacrebleu.sentenceBleu)("sentences of $corpus, effective order $effectiveOrder", (expected) => {
    const { hypotheses, references } = corpus(expected.corpus);
    hypotheses.forEach((hypothesis, sentence) => {
      const ours = sentenceBleu(hypothesis, references[sentence] ?? [], { effectiveOrder: expected.effectiveOrder });
      expect(Math.abs(ours.score - (expected.scores[sentence] ?? NaN))).toBeLessThan(1e-9);
    });
  });
});

const word = fc.constantFrom("a", "bee", "sea", "dé", "é", "7,5", "wow!");
const sentence = fc.array(word, { minLength: 4, maxLength: 12 }).map((words) => words.join(" "));
const pairs = fc.array(fc.tuple(sentence, sentence), { minLength: 1, maxLength: 8 });

describe("laws", () => {
  property.prop([fc.array(sentence, { minLength: 1, maxLength: 8 })])("a corpus scores 100 against itself", (lines) => {
    expect(bleu(lines, lines).score).toBeCloseTo(100, 9);
  });

  property.prop([pairs])("lies between 0 and 100", (corpusPairs) => {
    const { score } = bleu(
      corpusPairs.map(([left]) => left),
      corpusPairs.map(([, right]) => right),
    );
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(100 + 1e-9);
  });

  property.prop([pairs, fc.integer()])("the order of sentences doesn't matter", (corpusPairs, seed) => {
    const order = corpusPairs.map((_, index) => index);
    order.sort((a, b) => Math.sin(seed + a) - Math.sin(seed + b));
    const shuffled = order.flatMap((index) => corpusPairs.slice(index, index + 1));
    const score = (rows: typeof corpusPairs) =>
      bleu(
        rows.map(([left]) => left),
        rows.map(([, right]) => right),
      ).score;
    expect(score(shuffled)).toBe(score(corpusPairs));
  });

  property.prop([sentence, sentence, sentence])(
    "the order of references doesn't matter",
    (hypothesis, first, second) => {
      expect(bleu([hypothesis], [[first, second]]).score).toBe(bleu([hypothesis], [[second, first]]).score);
    },
  );

  property.prop([pairs])("sums of sentence statistics give the corpus score", (corpusPairs) => {
    const hypotheses = corpusPairs.map(([left]) => left);
    const references = corpusPairs.map(([, right]) => right);
    const totals = totalStatistics(bleuStatistics(hypotheses, references));
    expect(bleuFromTotals(totals).score).toBe(bleu(hypotheses, references).score);
  });
});

describe("errors say what is wrong", () => {
  test("an empty corpus", () => {
    expect(() => bleu([], [])).toThrow("The corpus has 0 sentences");
  });
  test("counts that differ", () => {
    expect(() => bleu(["a"], ["a", "b"])).toThrow("1 hypotheses but references for 2 sentences");
  });
  test("a sentence without a reference", () => {
    expect(() => bleu(["a"], [[]])).toThrow("Sentence 0 has no reference");
  });
  test("a smoothing value that is no number", () => {
    expect(() => bleu(["a"], ["a"], { smoothing: "floor", smoothingValue: NaN })).toThrow("smoothing value is NaN");
  });
});

test("a variable number of references is named in the signature", () => {
  expect(bleu(["a b", "c d"], [["a b"], ["c d", "c e"]]).signature).toContain("nrefs:var|");
});
