import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { trainNgramModel } from "../language/kneser-ney.ts";
import { PhraseTable } from "../table/phrase-table.ts";
import { WordIndex } from "../words/word-index.ts";
import { PhraseDecoder } from "./decoder.ts";
import { INITIAL_WEIGHTS, weightsOf } from "./features.ts";
import { nBest } from "./n-best.ts";
import type { SentenceOptions, TranslationOption } from "./translation-options.ts";

const LANGUAGE = trainNgramModel(["A B C D", "B A C", "D C B A A", "C D", "A A B", "B B D C"].map((text) => text.split(" ")), 3);
const EVERYTHING = { beam: 1_000_000, threshold: Infinity, optionsPerPhrase: 1_000 };

const share = fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100);
const phrase = (alphabet: string): fc.Arbitrary<string[]> => fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 2 });
const tables = fc
  .array(fc.record({
    source: phrase("abc"), target: phrase("ABCD"), count: fc.constant(1),
    scores: fc.array(share, { minLength: 4, maxLength: 4 }), orientations: fc.array(share, { minLength: 6, maxLength: 6 }),
  }), { minLength: 2, maxLength: 6 })
  .map((pairs) => {
    const table = new PhraseTable(new WordIndex(), new WordIndex());
    for (const pair of pairs) table.add(pair);
    return table;
  });
const sources = fc.array(fc.constantFrom("a", "b", "c", "x"), { minLength: 1, maxLength: 4 });
const weights = fc.array(fc.integer({ min: -2, max: 10 }).map((tenths) => tenths / 10), { minLength: 14, maxLength: 14 }).map((all) => Float64Array.from(all));

/** Every way to cover a sentence phrase by phrase under the reordering limit, by recursion over the set of covered places. */
function* allDerivations(options: SentenceOptions, limit: number, chosen: readonly TranslationOption[] = [], covered: ReadonlySet<number> = new Set()): Generator<readonly TranslationOption[]> {
  if (covered.size === options.length) yield chosen;
  const end = chosen.at(-1)?.to ?? 0;
  const gap = options.findIndex((_, at) => !covered.has(at));
  for (const option of options.flat(2)) {
    const places = Array.from({ length: option.to - option.from }, (_, at) => option.from + at);
    if (places.some((at) => covered.has(at)) || Math.abs(option.from - end) > limit) continue;
    if (option.from !== gap && option.to - gap > limit) continue;
    yield* allDerivations(options, limit, [...chosen, option], new Set([...covered, ...places]));
  }
}

const COPY_SCORE = -100;

describe("the stack decoder", () => {
  property.prop([tables, sources, weights, fc.integer({ min: 0, max: 4 })], { numRuns: 40 })(
    "finds with a wide beam the best of all ways there are, and the n-best list is theirs", (table, sentence, w, distortionLimit) => {
      const decoder = new PhraseDecoder(table, LANGUAGE, w, { ...EVERYTHING, distortionLimit });
      const result = decoder.search(sentence);
      const best = new Map<string, number>();
      for (const phrases of allDerivations(result.options, distortionLimit)) {
        const score = decoder.score(decoder.features(phrases, sentence.length)) + COPY_SCORE * phrases.filter(({ pair }) => pair < 0).length;
        const words = phrases.flatMap(({ target }) => target).join(" ");
        best.set(words, Math.max(best.get(words) ?? -Infinity, score));
      }
      const expected = [...best.values()].sort((a, b) => b - a).slice(0, 1_000);
      const found = nBest(result, 1_000);
      expect(found.length).toBe(expected.length);
      found.forEach(({ score, phrases }, rank) => {
        expect(score).toBeCloseTo(expected[rank] ?? NaN, 8);
        expect(best.get(phrases.flatMap(({ target }) => target).join(" "))).toBeCloseTo(score, 8);
      });
    });

  property.prop([tables, sources], { numRuns: 40 })("with a narrow beam covers every word once, and its score is its features'", (table, sentence) => {
    const decoder = new PhraseDecoder(table, LANGUAGE, weightsOf(INITIAL_WEIGHTS), { beam: 2, threshold: 5, optionsPerPhrase: 2, distortionLimit: 3 });
    const [found] = nBest(decoder.search(sentence), 1);
    const places = (found?.phrases ?? []).flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
    expect(places.sort((a, b) => a - b)).toEqual([...sentence.keys()]);
    const copied = (found?.phrases ?? []).filter(({ pair }) => pair < 0).length;
    expect(found?.score).toBeCloseTo(decoder.score(decoder.features(found?.phrases ?? [], sentence.length)) + COPY_SCORE * copied, 8);
  });

  test("a sentence of thousands of words takes time in proportion", () => {
    const table = new PhraseTable(new WordIndex(), new WordIndex());
    for (const [source, target] of [["a", "A"], ["b", "B"], ["c", "C"]] as const) {
      table.add({ source: [source], target: [target], scores: [0.5, 0.5, 0.5, 0.5], orientations: [0.6, 0.2, 0.2, 0.6, 0.2, 0.2], count: 1 });
    }
    const decoder = new PhraseDecoder(table, LANGUAGE, weightsOf(INITIAL_WEIGHTS), { beam: 5, threshold: 10, optionsPerPhrase: 5, distortionLimit: 4 });
    const sentence = Array.from({ length: 3_000 }, (_, at) => "abcx"[at % 4] ?? "");
    expect(nBest(decoder.search(sentence), 1)[0]?.phrases.length).toBe(3_000);
  });
});
