import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { formatNBest, NBestError, parseNBest, rescore } from "./rescore.ts";

const MOSES = [
  "0 ||| un homme dort ||| LM0= -12.5 WordPenalty0= -3 ||| -4.5",
  "0 ||| l' homme dort ||| LM0= -11.0 WordPenalty0= -3 ||| -4 ||| 0-0 1-1",
  "2 |||  ||| LM0= 0 ||| -1e1",
];

describe("n-best lists", () => {
  test("in Moses' format are read", () => {
    expect(parseNBest(MOSES, "moses")).toEqual([
      { sentence: 0, hypothesis: "un homme dort", features: "LM0= -12.5 WordPenalty0= -3", score: -4.5, extra: [] },
      { sentence: 0, hypothesis: "l' homme dort", features: "LM0= -11.0 WordPenalty0= -3", score: -4, extra: ["0-0 1-1"] },
      { sentence: 2, hypothesis: "", features: "LM0= 0", score: -10, extra: [] },
    ]);
  });

  const entry = fc.record({
    sentence: fc.nat(), hypothesis: fc.stringMatching(/^([a-zé.]+( [a-zé.]+)*)?$/), score: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  property.prop([fc.array(entry), fc.constantFrom("moses", "tsv")])("are read as they are written", (entries, format) => {
    const whole = entries.map((given) => ({ ...given, score: given.score + 0, features: "", extra: [] }));
    expect(parseNBest(formatNBest(whole, format), format)).toEqual(whole);
  });

  test.each([
    ["moses", "0 ||| a ||| -1", 'nbest.txt, line 2: 3 columns were found; expected id ||| hypothesis ||| features ||| score.'],
    ["moses", "x ||| a ||| f ||| -1", 'nbest.txt, line 2: the first column is "x"; expected the number of a source sentence, counted from 0.'],
    ["moses", "0 ||| a ||| f ||| good", 'nbest.txt, line 2: the score is "good"; expected a number.'],
    ["moses", "0 ||| a ||| f ||| ", 'nbest.txt, line 2: the score is ""; expected a number.'],
    ["tsv", "0\ta", "nbest.txt, line 2: 2 columns were found; expected source index, hypothesis and score, separated by tabs."],
    ["tsv", "-1\ta\t0", 'nbest.txt, line 2: the first column is "-1"; expected the number of a source sentence, counted from 0.'],
  ] as const)("errors name the line (%s: %s)", (format, line, message) => {
    const good = format === "moses" ? "0 ||| a ||| f ||| 1" : "0\ta\t1";
    expect(() => parseNBest([good, line], format, "nbest.txt")).toThrow(new NBestError(message));
  });
});

describe("rescoring", () => {
  const entries = parseNBest(["3\ta\t-1", "3\tb\t-2", "1\tc\t-5", "3\td\t-3"], "tsv");
  const logProbabilities = [-10, -4, -7, -5];

  test("averages evenly and reorders within each sentence, whose order stays", () => {
    expect(rescore(entries, logProbabilities).map(({ hypothesis, score }) => [hypothesis, score])).toEqual([
      ["b", -3], ["d", -4], ["a", -5.5], ["c", -6],
    ]);
  });

  test("takes other weights", () => {
    expect(rescore(entries, logProbabilities, { list: 1, model: 0 }).map(({ hypothesis }) => hypothesis)).toEqual(["a", "b", "d", "c"]);
    expect(rescore(entries, logProbabilities, { list: 0, model: 2 }).map(({ score }) => score)).toEqual([-8, -10, -20, -14]);
  });

  test("needs a log-probability for each hypothesis", () => {
    expect(() => rescore(entries, [1])).toThrow("The list has 4 hypotheses, but 1 log-probabilities were given.");
  });
});
