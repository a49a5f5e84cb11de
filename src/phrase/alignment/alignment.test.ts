import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { corpora, KOEHN } from "../fixtures/corpora.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import { EMPTY } from "./alignment-model.ts";
import { alignCorpus } from "./align-corpus.ts";
import { HmmAlignment } from "./hmm.ts";
import { Model1 } from "./model1.ts";
import { Model2 } from "./model2.ts";
import { TranslationTable } from "./translation-table.ts";

function probability(sentences: SentencePairs, table: TranslationTable, source: string, target: string): number {
  return table.probability(sentences.sourceWords.find(source) ?? -1, sentences.targetWords.find(target) ?? -1);
}

/** Model 1 by the textbook's pseudo-code (Koehn 2010, figure 4.3), over maps, with an empty word. */
function textbookModel1(pairs: readonly (readonly [string, string])[], iterations: number): Map<string, number> {
  const sentences = pairs.map(([source, target]) => [["", ...source.split(" ")], target.split(" ")] as const);
  const met = new Set(sentences.flatMap(([source, target]) => source.flatMap((e) => target.map((f) => `${e} ${f}`))));
  let t = new Map([...met].map((pair) => {
    const [source] = pair.split(" ");
    return [pair, 1 / [...met].filter((other) => other.split(" ")[0] === source).length];
  }));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const counts = new Map<string, number>();
    for (const [source, target] of sentences) {
      for (const f of target) {
        const total = source.reduce((sum, e) => sum + (t.get(`${e} ${f}`) ?? 0), 0);
        for (const e of source) counts.set(`${e} ${f}`, (counts.get(`${e} ${f}`) ?? 0) + (t.get(`${e} ${f}`) ?? 0) / total);
      }
    }
    t = new Map([...counts].map(([pair, count]) => {
      const [source] = pair.split(" ");
      return [pair, count / [...counts].filter(([other]) => other.split(" ")[0] === source).reduce((sum, [, each]) => sum + each, 0)];
    }));
  }
  return t;
}

describe("Model 1", () => {
  test("gives the textbook's numbers after each of ten iterations", () => {
    const table = new TranslationTable(KOEHN);
    const model = new Model1(KOEHN, table);
    const pairs = [["das Haus", "the house"], ["das Buch", "the book"], ["ein Buch", "a book"]] as const;
    for (let iteration = 1; iteration <= 10; iteration++) {
      model.iterate();
      for (const [pair, expected] of textbookModel1(pairs, iteration)) {
        const [source = "", target = ""] = pair.split(" ");
        const actual = source === "" ? table.probability(table.emptyWord, KOEHN.targetWords.find(target) ?? -1) : probability(KOEHN, table, source, target);
        expect(actual).toBeCloseTo(expected, 12);
      }
    }
  });

  test("comes to translate word by word", () => {
    const table = new TranslationTable(KOEHN);
    const model = new Model1(KOEHN, table);
    for (let iteration = 0; iteration < 50; iteration++) model.iterate();
    for (const [source, target] of [["Haus", "house"], ["Buch", "book"], ["ein", "a"]] as const) {
      expect(probability(KOEHN, table, source, target)).toBeGreaterThan(0.95);
    }
  });
});

/** Σ over all alignments, by enumeration, of p(f, a | e) under the hidden Markov model before any training but of t. */
function enumeratedHmm(source: Int32Array, target: Int32Array, table: TranslationTable): number {
  const length = source.length;
  const states = [...Array(2 * length).keys()]; // place i, or the empty word after it: length + i
  const emission = (state: number, j: number): number => table.probability(state < length ? source[state] ?? -1 : table.emptyWord, target[j] ?? -1);
  const step = (from: number, to: number): number => (to < length ? 0.8 / length : to - length === from % length ? 0.2 : 0);
  const first = (to: number): number => (to < length ? 0.8 : 0.2) / length;
  const total = (j: number, from: number): number => (j === target.length ? 1
    : states.reduce((sum, to) => sum + (j === 0 ? first(to) : step(from, to)) * emission(to, j) * total(j + 1, to), 0));
  return total(0, 0);
}

describe("the hidden Markov model", () => {
  property.prop([corpora], { numRuns: 30 })("gives the likelihood that summing over all alignments gives", (sentences) => {
    const table = new TranslationTable(sentences);
    new Model1(sentences, table).iterate();
    const expected = sentences.source.map((source, at) => {
      const target = (sentences.target[at] ?? new Int32Array()).subarray(0, 4);
      return [source.subarray(0, 3), target] as const;
    });
    const cut: SentencePairs = { ...sentences, source: expected.map(([source]) => source), target: expected.map(([, target]) => target) };
    const sum = expected.reduce((total, [source, target]) => total + Math.log(enumeratedHmm(source, target, table)), 0);
    expect(new HmmAlignment(cut, table).iterate()).toBeCloseTo(sum, 9);
  });

  test("follows order where words alone do not tell", () => {
    const table = new TranslationTable(KOEHN);
    for (let iteration = 0; iteration < 5; iteration++) new Model1(KOEHN, table).iterate();
    const model = new HmmAlignment(KOEHN, table);
    for (let iteration = 0; iteration < 5; iteration++) model.iterate();
    expect([...model.align(KOEHN.source[0] ?? new Int32Array(), KOEHN.target[0] ?? new Int32Array())]).toEqual([0, 1]);
  });
});

describe("expectation maximisation", () => {
  const models = { "Model 1": Model1, "Model 2": Model2, "the hidden Markov model": HmmAlignment };
  for (const [name, Model] of Object.entries(models)) {
    property.prop([corpora], { numRuns: 40 })(`never lowers the likelihood of ${name}`, (sentences) => {
      const model = new Model(sentences, new TranslationTable(sentences));
      let before = -Infinity;
      for (let iteration = 0; iteration < 12; iteration++) {
        const now = model.iterate();
        expect(now).toBeGreaterThanOrEqual(before - 1e-9);
        before = now;
      }
    });
  }

  property.prop([corpora], { numRuns: 20 })("aligns every word to a place of the other side, or to none", async (sentences) => {
    for (const last of ["model1", "model2", "hmm"] as const) {
      const settings = { model1: 0, model2: 0, hmm: 0, symmetrisation: "union", [last]: 2 } as const;
      const links = await alignCorpus(sentences, settings);
      links.forEach((each, at) => {
        expect(each.sourceLength).toBe(sentences.source[at]?.length);
        expect(each.targetLength).toBe(sentences.target[at]?.length);
      });
    }
  });
});

property.prop([fc.constant(KOEHN)])("an unknown word is aligned to the empty word by Model 1", (sentences) => {
  const table = new TranslationTable(sentences);
  expect([...new Model1(sentences, table).align(Int32Array.of(0), Int32Array.of(99))]).toEqual([EMPTY]);
});
