import { readFile } from "node:fs/promises";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { formatArpa, parseArpa } from "./arpa-file.ts";
import { discountsOf, trainNgramModel } from "./kneser-ney.ts";
import type { NgramModel } from "./ngram-model.ts";

const word = fc.constantFrom("a", "b", "c", "d");
const sentences = fc.array(fc.array(word, { maxLength: 7 }), { minLength: 1, maxLength: 8 });

/** p(word | history), the history starting with `<s>` where it is a sentence's. */
function probability(model: NgramModel, history: readonly string[], next: string): number {
  const { state } = model.read(history[0] === "<s>" ? model.begin : -1, history.filter((each) => each !== "<s>").map((each) => model.wordId(each)));
  return Math.exp(model.read(state, [model.wordId(next)]).logProbability);
}

/** Interpolated modified Kneser-Ney straight from its definition, by recursion over lists of n-grams (Chen and Goodman 1999). */
class Definition {
  readonly #ngrams: string[][][];

  constructor(texts: readonly (readonly string[])[], readonly order: number) {
    this.#ngrams = Array.from({ length: order }, (_, at) => texts.flatMap((text) => {
      const padded = ["<s>", ...text, "</s>"];
      return padded.slice(0, padded.length - at).map((_each, from) => padded.slice(from, from + at + 1));
    }));
    this.vocabulary = new Set([...texts.flat(), "</s>", "<unk>"]);
  }

  readonly vocabulary: ReadonlySet<string>;

  /** Occurrences, or different words before it. */
  #count(ngram: readonly string[]): number {
    const key = ngram.join(" ");
    if (ngram.length === this.order || ngram[0] === "<s>") return (this.#ngrams[ngram.length - 1] ?? []).filter((each) => each.join(" ") === key).length;
    return new Set((this.#ngrams[ngram.length] ?? []).filter((each) => each.slice(1).join(" ") === key).map(([first]) => first)).size;
  }

  #discounts(length: number): readonly number[] {
    const different = new Set((this.#ngrams[length - 1] ?? []).map((each) => each.join(" ")));
    different.delete("<s>");
    return discountsOf(Float64Array.from([...different], (key) => this.#count(key.split(" "))));
  }

  probability(history: readonly string[], next: string): number {
    if (history.length > 0 && !this.#ngrams[history.length - 1]?.some((each) => each.join(" ") === history.join(" "))) return this.probability(history.slice(1), next);
    const discounts = this.#discounts(history.length + 1);
    const discountOf = (count: number): number => (count === 0 ? 0 : discounts[Math.min(3, count) - 1] ?? 0);
    const counts = new Map([...this.vocabulary].map((each) => [each, this.#count([...history, each])]));
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const below = history.length === 0 ? 1 / this.vocabulary.size : this.probability(history.slice(1), next);
    if (total === 0) return below;
    const removed = [...counts.values()].reduce((sum, count) => sum + discountOf(count), 0);
    const count = counts.get(next) ?? 0;
    return (count - discountOf(count)) / total + (removed / total) * below;
  }
}

describe("modified Kneser-Ney", () => {
  property.prop([sentences, fc.integer({ min: 1, max: 4 }), fc.array(word, { maxLength: 4 }), fc.boolean()], { numRuns: 60 })(
    "sums to 1 over the vocabulary after any history", (texts, order, history, begins) => {
      const model = trainNgramModel(texts, order);
      const context = begins ? ["<s>", ...history] : history;
      const sum = [...new Set([...texts.flat(), "</s>", "<unk>"])].reduce((total, next) => total + probability(model, context, next), 0);
      expect(sum).toBeCloseTo(1, 9);
    });

  property.prop([sentences, fc.integer({ min: 1, max: 3 }), fc.array(word, { maxLength: 3 }), fc.boolean()], { numRuns: 40 })(
    "gives what its definition gives", (texts, order, history, begins) => {
      const [model, definition] = [trainNgramModel(texts, order), new Definition(texts, order)];
      const known = history.filter((each) => definition.vocabulary.has(each));
      const context = (begins ? ["<s>", ...known] : known).slice(1 - order || known.length + 1);
      for (const next of definition.vocabulary) {
        expect(probability(model, context, next)).toBeCloseTo(definition.probability(context, next), 10);
      }
    });

  test("discounts are those of Chen and Goodman's equation 26", () => {
    // n₁ = 4, n₂ = 2, n₃ = 1, n₄ = 1: Y = 4 / 8; D₁ = 1 − 2 · ½ · 2/4, D₂ = 2 − 3 · ½ · 1/2, D₃₊ = 3 − 4 · ½ · 1/1
    expect(discountsOf(Float64Array.of(1, 1, 1, 1, 2, 2, 3, 4))).toEqual([0.5, 1.25, 1]);
  });

  test("with one discount and none for single words gives NLTK's probabilities", async () => {
    const { sentences: texts, models } = JSON.parse(await readFile(new URL("../fixtures/nltk-kneser-ney.json", import.meta.url), "utf8")) as NltkFigures;
    for (const { order, discount, probabilities } of models) {
      const higher = Array.from({ length: order - 1 }, () => [discount, discount, discount] as const);
      const model = trainNgramModel(texts.map((text) => text.split(" ")), order, [[0, 0, 0], ...higher]);
      expect(probabilities.length).toBeGreaterThan(50);
      for (const { history, word: next, probability: expected } of probabilities) expect(probability(model, history, next)).toBeCloseTo(expected, 12);
    }
  });

  property.prop([sentences, fc.integer({ min: 1, max: 4 })], { numRuns: 30 })("comes back from its file", (texts, order) => {
    const model = trainNgramModel(texts, order);
    const again = parseArpa(formatArpa(model), "model.arpa");
    for (const text of [...texts, ["a", "unheard", "b"]]) expect(again.scoreSentence(text)).toBeCloseTo(model.scoreSentence(text), 5);
    expect(again.counts).toEqual(model.counts);
  });
});

interface NltkFigures {
  readonly sentences: readonly string[];
  readonly models: readonly {
    readonly order: number;
    readonly discount: number;
    readonly probabilities: readonly { readonly history: readonly string[]; readonly word: string; readonly probability: number }[];
  }[];
}

const SMALL = ["\\data\\", "ngram 1=4", "ngram 2=2", "", "\\1-grams:", "-1.0\t<unk>", "-99\t<s>\t-0.3", "-0.5\ta\t-0.2", "-0.7\t</s>", "",
  "\\2-grams:", "-0.1\t<s> a", "-0.4\ta a", "", "\\end\\"];

describe("ARPA files", () => {
  test("back-off is added where the n-gram is missing", () => {
    const model = parseArpa(SMALL, "small.arpa");
    // log₁₀ p(a | <s>) + b(a) + p(</s>), and b(a) + p(<unk>) in place of p(unheard | a)
    expect(model.scoreSentence(["a"]) / Math.LN10).toBeCloseTo(-0.1 - 0.2 - 0.7, 12);
    expect(model.scoreSentence(["a", "unheard"]) / Math.LN10).toBeCloseTo(-0.1 + (-0.2 - 1) - 0.7, 12);
  });

  test.each([
    [SMALL.slice(0, -1), /ends after 14 lines without/],
    [SMALL.map((line) => line.replace("-0.4\ta a", "-0.4\ta")), /line 13: "-0.4\\ta" was found; expected a log10 probability, 2 words/],
    [SMALL.map((line) => line.replace("ngram 2=2", "ngram 2=3")), /has 2 2-grams, but its head promises 3/],
    [SMALL.map((line) => line.replace("<unk>", "b")), /the unigram <unk> is missing/],
    [["nonsense"], /no ARPA file or was cut short/],
  ])("damage is told, %#", (lines, message) => {
    expect(() => parseArpa(lines, "small.arpa")).toThrow(message);
  });
});

test.each(["<s>", "</s>", "<unk>"])("a text with %s in it is refused, as that is a word of the model's own", (own) => {
  expect(() => trainNgramModel([["a", own, "b"]], 2)).toThrow(`has the word "${own}", which models keep for themselves`);
});
