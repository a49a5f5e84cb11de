import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { chrf } from "./chrf.ts";
import { corpus, sacrebleu } from "./fixtures/sacrebleu.ts";

describe("equals sacreBLEU to 1e-9", () => {
  const cases = sacrebleu.chrf.map((expected) => ({ ...expected, name: `${expected.corpus} ${expected.signature}` }));
  test.each(cases)("$name", (expected) => {
    const { hypotheses, references } = corpus(expected.corpus);
    const ours = chrf(hypotheses, references, expected.options);
    expect(Math.abs(ours.score - expected.score)).toBeLessThan(1e-9);
    expect(ours.signature).toBe(expected.signature.replace(sacrebleu.sacrebleu, `${sacrebleu.sacrebleu}-compatible`));
    hypotheses.forEach((hypothesis, sentence) => {
      const single = chrf([hypothesis], [references[sentence] ?? []], expected.options);
      expect(Math.abs(single.score - (expected.sentenceScores[sentence] ?? NaN))).toBeLessThan(1e-9);
    });
  });
});

test("the name tells chrF from chrF++", () => {
  expect(chrf(["a"], ["a"]).name).toBe("chrF2");
  expect(chrf(["a"], ["a"], { wordOrder: 2 }).name).toBe("chrF2++");
});

const text = fc.stringMatching(/^[a-e][a-e .!]{5,30}$/);

property.prop([fc.array(text, { minLength: 1, maxLength: 6 })])("a corpus scores 100 against itself", (lines) => {
  expect(chrf(lines, lines, { wordOrder: 2 }).score).toBeCloseTo(100, 9);
});

property.prop([text, text])("lies between 0 and 100", (hypothesis, reference) => {
  const { score } = chrf([hypothesis], [reference]);
  expect(score).toBeGreaterThanOrEqual(0);
  expect(score).toBeLessThanOrEqual(100 + 1e-9);
});

test("an order that is no whole number is refused", () => {
  expect(() => chrf(["a"], ["a"], { wordOrder: 1.5 })).toThrow('"wordOrder" is 1.5');
});
