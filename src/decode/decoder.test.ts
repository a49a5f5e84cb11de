import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { END_ID, START_ID } from "../text/special-tokens.ts";
import { beamSearch } from "./beam-search.ts";
import { SequenceDecoder } from "./decoder.ts";
import type { EnsembleMember } from "./ensemble.ts";
import { nextProbabilities } from "./fixtures/oracle.ts";
import { tinyBatch, tinyMember, tinyTransformer } from "./fixtures/tiny-model.ts";
import { keepSentences } from "./step-state.ts";

const ENGINES = [reference(), onnx({ threads: 1 })];
const SOURCES = [[4, 5, 6], [8, 4], [7]];
const { source, sourceLengths } = tinyBatch(SOURCES);

/** Distributions of each source after `<s>` and a prefix: [sources][vocabulary]. */
async function distributions(decoder: SequenceDecoder, prefix: readonly number[]): Promise<number[][]> {
  let state = await decoder.encode(source, sourceLengths);
  const parents = Int32Array.from(SOURCES.keys());
  let rows: number[][] = [];
  for (const token of [START_ID, ...prefix]) {
    const step = await decoder.distribution(state, { tokens: new Int32Array(SOURCES.length).fill(token), parents });
    state = step.state;
    const width = decoder.vocabulary;
    rows = SOURCES.map((_, row) => Array.from(step.logProbabilities.data.subarray(row * width, (row + 1) * width), Math.exp));
  }
  return rows;
}

function requireClose(actual: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expected.forEach((row, at) => row.forEach((value, column) => expect(actual[at]?.[column]).toBeCloseTo(value, 5)));
}

describe.each(ENGINES)("a decoder on $name", (engine) => {
  test("of an ensemble averages the members' probabilities, whatever their sizes", async () => {
    const members = [tinyMember(1, { attention: "dot" }), tinyTransformer(2)];
    const expected = await Promise.all(SOURCES.map(async (tokens) => {
      const [first = [], second = []] = await Promise.all(members.map((member) => nextProbabilities(member, tokens, [5, 6])));
      return first.map((value, token) => (value + (second[token] ?? 0)) / 2);
    }));
    const decoder = await SequenceDecoder.create(members, engine);
    requireClose(await distributions(decoder, [5, 6]), expected);
    await decoder.dispose();
  });

  test("of the same model twice is the model", async () => {
    const alone = await SequenceDecoder.create([tinyMember(5, { attention: "general" })], engine);
    const twice = await SequenceDecoder.create([tinyMember(5, { attention: "general" }), tinyMember(5, { attention: "general" })], engine);
    requireClose(await distributions(twice, [4, 1]), await distributions(alone, [4, 1]));
    const [one, two] = await Promise.all([alone, twice].map((decoder) => beamSearch(decoder, source, sourceLengths, { beam: 3, nBest: 3 })));
    expect(two?.map((list) => list.map(({ tokens }) => [...tokens]))).toEqual(one?.map((list) => list.map(({ tokens }) => [...tokens])));
    const [alignment] = one?.[0]?.[0]?.alignment ?? [];
    two?.[0]?.[0]?.alignment?.[0]?.forEach((weight, place) => expect(weight).toBeCloseTo(alignment?.[place] ?? NaN, 5));
    await alone.dispose();
    await twice.dispose();
  });

  test.each([
    ["an LSTM", () => tinyMember(9, { attention: "additive", inputFeeding: true })], ["a Transformer", () => tinyTransformer(9)],
  ])("continues the rows that it is told, of the sentences that are kept: %s", async (_name, make) => {
    const member = make();
    const decoder = await SequenceDecoder.create([member], engine);
    const first = await decoder.best(await decoder.encode(source, sourceLengths), {
      tokens: new Int32Array(3).fill(START_ID), parents: Int32Array.of(0, 1, 2),
    }, 2);
    const state = keepSentences(first.state, [2, 0]);
    const { logProbabilities } = await decoder.distribution(state, { tokens: Int32Array.of(4, 5, 6, END_ID), parents: Int32Array.of(2, 2, 0, 0) });
    const expected = await Promise.all([[2, 4], [2, 5], [0, 6], [0, END_ID]].map(([sentence = 0, token = 0]) => (
      nextProbabilities(member, SOURCES[sentence] ?? [], [token]))));
    const rows = expected.map((_, row) => Array.from(logProbabilities.data.subarray(row * 7, (row + 1) * 7), Math.exp));
    requireClose(rows, expected);
    await decoder.dispose();
  });
});

describe("models that do not fit are refused", () => {
  const member = tinyMember(1);
  const cases: [string, EnsembleMember[], RegExp][] = [
    ["none", [], /^A decoder was asked for without a model/],
    ["one object twice", [member, member], /^The ensemble holds one model object twice/],
    ["another vocabulary", [tinyMember(1), tinyMember(1, { targetVocabulary: 8 })], /write vocabularies of 7 and 8 tokens/],
    ["a missing parameter", [{ ...tinyMember(1), parameters: new Map() }], /^The model's parameter "[A-Za-z.0-9]+" has no value/],
  ];
  test.each(cases)("%s", async (_name, members, message) => {
    await expect(SequenceDecoder.create(members, reference())).rejects.toThrow(message);
  });
});

test("a model alone keeps its names after it was part of an ensemble", async () => {
  const member = tinyMember(4);
  await SequenceDecoder.create([member, tinyMember(5)], reference());
  await SequenceDecoder.create([member], reference());
  expect(member.model.parameters().map(({ name }) => name)).toEqual([...member.parameters.keys()]);
});
