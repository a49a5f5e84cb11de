import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Engine } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { Seq2SeqLstmOptions } from "../models/seq2seq-lstm.ts";
import { END_ID, UNKNOWN_ID } from "../text/special-tokens.ts";
import { beamSearch, type BeamSearchOptions } from "./beam-search.ts";
import { SequenceDecoder } from "./decoder.ts";
import type { EnsembleMember } from "./ensemble.ts";
import { allOutputs, lossLogProbabilities, nextProbabilities, WRITTEN } from "./fixtures/oracle.ts";
import { tinyBatch, tinyMember, tinyTransformer } from "./fixtures/tiny-model.ts";
import type { Hypothesis } from "./generation.ts";
import { scoreBatch } from "./score.ts";

/** More than the extensions of all prefixes of two tokens: nothing is ever cut from the beam. */
const EXHAUSTIVE = 100;
const LIMIT = { factor: 0, constant: 3 };
const SOURCES = [[4, 5, 6], [8], [7, 7, 4, 5, 6], [5, 4]];

const MODELS: Readonly<Record<string, Partial<Seq2SeqLstmOptions>>> = {
  plain: {},
  deep: { encoderLayers: 2, decoderLayers: 3, residual: true },
  bidirectional: { bidirectional: true },
  "dot attention": { attention: "dot" },
  "general attention": { attention: "general", bidirectional: true },
  "additive attention": { attention: "additive" },
  "input feeding": { attention: "general", inputFeeding: true },
  "additive input feeding": { attention: "additive", inputFeeding: true, bidirectional: true, decoderLayers: 2, encoderLayers: 2 },
};

const MEMBERS: Readonly<Record<string, (seed: number) => EnsembleMember>> = {
  ...Object.fromEntries(Object.entries(MODELS).map(([name, options]) => [name, (seed: number) => tinyMember(seed, options)])),
  Transformer: tinyTransformer,
};

async function search(
  members: readonly EnsembleMember[], sources: readonly (readonly number[])[], options: BeamSearchOptions, engine: Engine = reference(),
): Promise<Hypothesis[][]> {
  const decoder = await SequenceDecoder.create(members, engine);
  const { source, sourceLengths } = tinyBatch(sources);
  const results = await beamSearch(decoder, source, sourceLengths, options);
  await decoder.dispose();
  return results;
}

function outputs(lists: readonly (readonly Hypothesis[])[]): number[][][] {
  return lists.map((list) => list.map(({ tokens }) => [...tokens]));
}

function penalty(length: number, alpha: number): number {
  return ((5 + length) / 6) ** alpha;
}

const sourceTokens = fc.array(fc.integer({ min: 4, max: 8 }), { minLength: 1, maxLength: 5 });

describe("a beam that holds everything", () => {
  property.prop([fc.nat(1000), sourceTokens, fc.constantFrom(0, 0.6, 1.5), fc.constantFrom(...Object.values(MEMBERS))], { numRuns: 25 })(
    "finds the best outputs there are, in order", async (seed, source, alpha, make) => {
      const member = make(seed);
      const all = allOutputs(3);
      const scores = await lossLogProbabilities(member, source, all);
      const ranked = all.map((tokens, at) => ({ tokens, score: (scores[at] ?? 0) / penalty(tokens.length + 1, alpha) })).sort((a, b) => b.score - a.score);
      const [found = []] = await search([member], [source], { beam: EXHAUSTIVE, nBest: 4, lengthPenalty: alpha, maximumLength: LIMIT });
      expect(found.map(({ finished }) => finished)).toEqual([true, true, true, true]);
      found.forEach(({ score }, at) => expect(score).toBeCloseTo(ranked[at]?.score ?? NaN, 5));
      expect(outputs([found])[0]?.[0]).toEqual(ranked[0]?.tokens);
    },
  );
});

/** The paper's search for one sentence, as plainly as it can be put: outputs with their log-probabilities, best first. */
async function plainSearch(member: EnsembleMember, source: readonly number[], beam: number, limit: number): Promise<[number[], number][]> {
  let live: [number[], number][] = [[[], 0]];
  const complete: [number[], number][] = [];
  for (let length = 0; length < limit && live.length > 0; length++) {
    const extensions = (await Promise.all(live.map(async ([prefix, total]) => {
      const probabilities = await nextProbabilities(member, source, prefix);
      return [END_ID, ...WRITTEN].map((token): [number[], number] => [[...prefix, token], total + Math.log(probabilities[token] ?? 0)]);
    }))).flat();
    const kept = extensions.sort(([, a], [, b]) => b - a).slice(0, beam - complete.length);
    complete.push(...kept.filter(([tokens]) => tokens.at(-1) === END_ID).map(([tokens, total]): [number[], number] => [tokens.slice(0, -1), total]));
    live = kept.filter(([tokens]) => tokens.at(-1) !== END_ID);
  }
  return (complete.length > 0 ? complete : live).sort(([, a], [, b]) => b - a);
}

property.prop([fc.nat(1000), sourceTokens, fc.integer({ min: 1, max: 5 })], { numRuns: 15 })(
  "a narrow beam keeps and completes what the paper's search does", async (seed, source, beam) => {
    const member = tinyMember(seed, { attention: "general" });
    const expected = await plainSearch(member, source, beam, 5);
    const [found = []] = await search([member], [source], { beam, nBest: beam, maximumLength: { factor: 0, constant: 5 } });
    expect(outputs([found])[0]).toEqual(expected.map(([tokens]) => tokens));
    found.forEach(({ logProbability }, at) => expect(logProbability).toBeCloseTo(expected[at]?.[1] ?? NaN, 5));
  },
);

describe.each(Object.entries(MEMBERS))("beam search, %s", (name, make) => {
  const member = make(11);
  const length = { factor: 1, constant: 4 };

  test("with a beam of 1 takes the likeliest token each time", async () => {
    const [[greedy] = []] = await search([member], SOURCES.slice(0, 1), { beam: 1, maximumLength: length });
    const expected: number[] = [];
    let total = 0;
    while (expected.at(-1) !== END_ID && expected.length < 8) {
      const probabilities = await nextProbabilities(member, SOURCES[0] ?? [], expected);
      const next = [END_ID, ...WRITTEN].reduce((best, token) => ((probabilities[token] ?? 0) > (probabilities[best] ?? 0) ? token : best));
      total += Math.log(probabilities[next] ?? 0);
      expected.push(next);
    }
    expect([...greedy?.tokens ?? [], ...(greedy?.finished === true ? [END_ID] : [])]).toEqual(expected);
    expect(greedy?.logProbability).toBeCloseTo(total, 5);
  });

  test("gives a sentence the same in a batch and alone, on both engines", async () => {
    const settings = { beam: 3, nBest: 3, maximumLength: length };
    const together = await search([member], SOURCES, settings);
    const alone = await Promise.all(SOURCES.map(async (source) => (await search([member], [source], settings))[0] ?? []));
    const onOnnx = await search([member], SOURCES, settings, onnx({ threads: 1 }));
    for (const other of [alone, onOnnx]) {
      expect(outputs(other)).toEqual(outputs(together));
      other.forEach((list, at) => list.forEach(({ logProbability, alignment }, rank) => {
        const same = together[at]?.[rank];
        expect(logProbability).toBeCloseTo(same?.logProbability ?? NaN, 4);
        alignment?.forEach((row, token) => row.forEach((weight, place) => expect(weight).toBeCloseTo(same?.alignment?.[token]?.[place] ?? NaN, 4)));
      }));
    }
  });

  test("gives log-probabilities that forced scoring confirms, and alignments that sum to 1", async () => {
    const found = await search([member], SOURCES, { beam: 4, nBest: 4, maximumLength: { factor: 1, constant: 12 } });
    const decoder = await SequenceDecoder.create([member], reference());
    for (const [at, list] of found.entries()) {
      const complete = list.filter(({ finished }) => finished);
      if (complete.length === 0) continue;
      const [scores = []] = await scoreBatch(decoder, { ...tinyBatch([SOURCES[at] ?? []]), targets: outputs([complete]) });
      complete.forEach(({ logProbability, tokens, alignment }, rank) => {
        expect(scores[rank]?.logProbability).toBeCloseTo(logProbability, 5);
        expect(alignment !== undefined).toBe(name === "Transformer" || MODELS[name]?.attention !== undefined);
        if (alignment === undefined) return;
        expect(alignment).toHaveLength(tokens.length + 1);
        alignment.forEach((row) => expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5));
      });
    }
  });
});

describe("n-best lists", () => {
  property.prop([fc.nat(1000), fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 1)], { numRuns: 20 })(
    "are sorted and distinct", async (seed, beam, alpha) => {
      const lists = await search([tinyMember(seed)], SOURCES, { beam, nBest: beam, lengthPenalty: alpha });
      for (const list of lists) {
        expect(list.length).toBeGreaterThan(0);
        expect(list.map(({ score }) => score)).toEqual(list.map(({ score }) => score).sort((a, b) => b - a));
        expect(new Set(list.map(({ tokens }) => tokens.join())).size).toBe(list.length);
      }
    },
  );

  property.prop([fc.nat(1000), fc.integer({ min: 2, max: 6 }), fc.constantFrom(0, 1)], { numRuns: 20 })(
    "begin with the same best, however long the list: the search stops early only when it may", async (seed, beam, alpha) => {
      const one = await search([tinyMember(seed)], SOURCES, { beam, lengthPenalty: alpha });
      const many = await search([tinyMember(seed)], SOURCES, { beam, nBest: beam, lengthPenalty: alpha });
      expect(outputs(one)).toEqual(outputs(many.map((list) => list.slice(0, 1))));
    },
  );
});

test.each([reference(), onnx({ threads: 1 })])("equally likely outputs come in the order of their token ids ($name)", async (engine) => {
  const member = tinyMember(1);
  member.parameters.forEach((values) => values.fill(0));
  const [list = []] = await search([member], [[4]], { beam: 3, nBest: 3, maximumLength: { factor: 0, constant: 2 } }, engine);
  // Of <unk>, </s> and 4 the second is complete; of the first's extensions by <unk> and </s> the second.
  expect(outputs([list])[0]).toEqual([[], [UNKNOWN_ID]]);
});

describe("the ends of a search", () => {
  /** A model for which ending is all but impossible. */
  const endless = (): EnsembleMember => {
    const member = tinyMember(3);
    member.parameters.get("outputBias")?.fill(-30, END_ID, END_ID + 1);
    return member;
  };

  test("an output that was cut off is returned, marked, where none is complete", async () => {
    const [list = []] = await search([endless()], [[4, 5]], { beam: 2, nBest: 2, maximumLength: { factor: 1, constant: 2 } });
    expect(list.map(({ finished, tokens }) => [finished, tokens.length])).toEqual([[false, 5], [false, 5]]);
  });

  test("padding and start tokens are never written, nor are banned ones", async () => {
    const member = tinyMember(3);
    const favoured = [0, 2, UNKNOWN_ID];
    favoured.forEach((id) => member.parameters.get("outputBias")?.fill(20, id, id + 1));
    const free = outputs(await search([member], SOURCES, { beam: 3, nBest: 3 })).flat(2);
    expect(free).not.toContain(0);
    expect(free).not.toContain(2);
    expect(free).toContain(UNKNOWN_ID);
    const banned = outputs(await search([member], SOURCES, { beam: 3, nBest: 3, banned: [UNKNOWN_ID] })).flat(2);
    expect(banned).not.toContain(UNKNOWN_ID);
  });

  test("weights that are not numbers are an error, not an output", async () => {
    const member = tinyMember(3);
    member.parameters.get("outputBias")?.fill(NaN);
    await expect(search([member], [[4]], { beam: 2 })).rejects.toThrow(/NaN/);
  });

  test.each([
    [{ beam: 0 }, /^beam is 0; give a whole number/],
    [{ beam: 2, nBest: 3 }, /^The 3 best hypotheses were asked for, but a beam of 2/],
    [{ beam: 2, lengthPenalty: -1 }, /^lengthPenalty is -1/],
    [{ beam: 2, maximumLength: { factor: 0, constant: 0 } }, /^The maximum length of an output/],
  ])("options %o are refused", async (options, message) => {
    await expect(search([tinyMember(1)], [[4]], options)).rejects.toThrow(message);
  });
});
