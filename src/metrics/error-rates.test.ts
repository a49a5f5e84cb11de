import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { editDistance } from "./edit-distance.ts";
import { errorRates, pronunciationErrorRates } from "./error-rates.ts";

const phonemes = (text: string) => text.split(" ");

describe("worked by hand", () => {
  test("pronunciations with several references", () => {
    const rates = pronunciationErrorRates([
      // equal to the second reference: no error, 5 phonemes
      { hypothesis: phonemes("T AH0 M AA1 T"), references: [phonemes("T AH0 M EY1 T"), phonemes("T AH0 M AA1 T")] },
      // one substitution of 3 phonemes
      { hypothesis: phonemes("K AE1 T"), references: [phonemes("K AA1 T")] },
      // one deletion against a reference of 2
      { hypothesis: phonemes("AY1"), references: [phonemes("HH AY1")] },
    ]);
    expect(rates.phonemeErrorRate).toBeCloseTo((100 * 2) / 10, 12);
    expect(rates.wordErrorRate).toBeCloseTo((100 * 2) / 3, 12);
  });

  test("of references with equally few edits the shortest counts", () => {
    const rates = errorRates([{ hypothesis: "abc", references: ["abcd", "ab"] }]);
    expect(rates).toMatchObject({ edits: 1, referenceTokens: 2, tokenErrorRate: 50, itemErrorRate: 100 });
  });

  test("a rate may pass 100", () => {
    expect(errorRates([{ hypothesis: "abc", references: ["x"] }]).tokenErrorRate).toBe(300);
  });

  test("edits against empty references are an infinite rate, and none are zero", () => {
    expect(errorRates([{ hypothesis: "a", references: [""] }]).tokenErrorRate).toBe(Infinity);
    expect(errorRates([{ hypothesis: "", references: [""] }]).tokenErrorRate).toBe(0);
  });
});

const text = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
const item = fc.record({ hypothesis: text, references: fc.array(text, { minLength: 1, maxLength: 4 }) });

property.prop([item])("the edits are the fewest of any reference", ({ hypothesis, references }) => {
  const fewest = references.map((reference) => editDistance(hypothesis, reference)).sort((a, b) => a - b)[0];
  expect(errorRates([{ hypothesis, references }]).edits).toBe(fewest);
});

property.prop([item])("the order of references doesn't matter", ({ hypothesis, references }) => {
  const reversed = { hypothesis, references: references.toReversed() };
  expect(errorRates([reversed])).toEqual(errorRates([{ hypothesis, references }]));
});

property.prop([fc.array(text, { minLength: 1 })])("items equal to a reference have no errors", (lines) => {
  const rates = errorRates(lines.map((line) => ({ hypothesis: line, references: [`${line}x`, line] })));
  expect(rates).toMatchObject({ tokenErrorRate: 0, itemErrorRate: 0 });
});

test("what cannot be scored is refused", () => {
  expect(() => errorRates([{ hypothesis: "a", references: [] }])).toThrow("Item 0 has no references");
  expect(() => errorRates([])).toThrow("at least one");
});
