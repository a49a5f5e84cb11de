import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { bitsPerUnit, likelihoodMeasures, perplexity } from "./perplexity.ts";

property.prop([fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 })])(
  "a uniform guess over V tokens has perplexity V and log2 V bits",
  (vocabulary, tokens) => {
    const total = tokens * Math.log(vocabulary);
    expect(perplexity(total, tokens) / vocabulary).toBeCloseTo(1, 9);
    expect(bitsPerUnit(total, tokens)).toBeCloseTo(Math.log2(vocabulary), 9);
  },
);

test("measures that share a total", () => {
  const measures = likelihoodMeasures({
    negativeLogLikelihood: 24 * Math.LN2,
    tokens: 12,
    words: 8,
    characters: 24,
    bytes: 48,
  });
  expect(measures.perplexityPerToken).toBeCloseTo(4, 12);
  expect(measures.perplexityPerWord).toBeCloseTo(8, 12);
  expect(measures.bitsPerToken).toBeCloseTo(2, 12);
  expect(measures.bitsPerCharacter).toBeCloseTo(1, 12);
  expect(measures.bitsPerByte).toBeCloseTo(0.5, 12);
});

test("what has no measure is left out or refused", () => {
  expect(likelihoodMeasures({ negativeLogLikelihood: 1, tokens: 1 })).not.toHaveProperty("bitsPerByte");
  expect(() => perplexity(1, 0)).toThrow("0 units");
  expect(() => perplexity(NaN, 1)).toThrow("NaN");
});
