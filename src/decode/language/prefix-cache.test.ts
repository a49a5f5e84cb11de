import { fc, it } from "@fast-check/vitest";
import { afterAll, describe, expect, test } from "vitest";
import { onnx } from "../../engines/onnx/engine.ts";
import { tinyGpt, tinyLstm } from "./fixtures/tiny-text-model.ts";
import type { GeneratedText, PromptReading, TextGenerationOptions } from "./generation-options.ts";
import { Generator, type TextModel } from "./generator.ts";
import { LanguageDecoder } from "./language-decoder.ts";

const MODELS: Readonly<Record<string, () => TextModel>> = {
  "rotary positions": tinyGpt,
  "learned positions": () => tinyGpt("abcde ", { normalization: "layer", activation: "gelu-tanh", positions: "learned", bias: true, keyValueHeads: 2 }),
  "a recurrent state": tinyLstm,
};
const engine = onnx({ threads: 1 });

function requireSame(got: readonly GeneratedText[][], expected: readonly GeneratedText[][]): void {
  expect(got.map((list) => list.map(({ text, reason }) => ({ text, reason })))).toEqual(expected.map((list) => list.map(({ text, reason }) => ({ text, reason }))));
  got.flat().forEach(({ details }, at) => details.forEach(({ token, logProbability }, place) => {
    const other = expected.flat()[at]?.details[place];
    expect(token).toBe(other?.token);
    expect(Math.abs(logProbability - (other?.logProbability ?? NaN))).toBeLessThan(1e-5);
  }));
}

/** Draws, and counts what was read of each prompt. */
async function draw(generator: Generator, prompts: readonly string[], options: TextGenerationOptions) {
  const readings: PromptReading[] = [];
  const texts = await generator.generate(prompts, { ...options, onRead: (prompt, reading) => { readings[prompt] = reading; } });
  return { texts, read: readings.map(({ read }) => read) };
}

describe.each(Object.entries(MODELS))("texts that go on from what a model with %s remembers", (_name, make) => {
  const generators = [0, 2 ** 20, 3000].map((prefixBytes) => Generator.create(make(), engine, { prefixBytes }));
  const [forgetful, remembering, cramped] = generators;
  afterAll(async () => { for (const generator of generators) await generator.dispose(); });

  // Prompts of one call begin with texts of earlier calls, cut anywhere and gone on with anything: a tree of prefixes.
  const calls = fc.array(fc.record({
    branches: fc.array(fc.record({ parent: fc.nat(), cut: fc.nat({ max: 9 }), added: fc.string({ unit: fc.constantFrom("a", "b", "c", " "), minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 4 }),
    samples: fc.integer({ min: 1, max: 3 }), maxTokens: fc.integer({ min: 1, max: 4 }), greedy: fc.boolean(), seed: fc.nat({ max: 99 }),
  }), { minLength: 2, maxLength: 4 });

  it.prop([calls], { numRuns: 15 })("are those that it writes after reading everything", async (given) => {
    const known = [""];
    for (const { branches, ...options } of given) {
      const prompts = branches.map(({ parent, cut, added }) => (known[parent % known.length] ?? "").slice(0, cut) + added);
      const expected = await forgetful?.generate(prompts, options) ?? [];
      for (const generator of [remembering, cramped]) requireSame(await generator?.generate(prompts, options) ?? [], expected);
      prompts.forEach((prompt, at) => known.push(prompt, ...(expected[at] ?? []).map(({ text }) => prompt + text)));
    }
  });
});

test("a prompt is read from where it parts from earlier ones and their samples", async () => {
  const generator = Generator.create({ ...tinyGpt(), ends: [] }, engine, { prefixBytes: 2 ** 20 });
  const options = { samples: 4, maxTokens: 3, seed: 5 };
  const first = await draw(generator, ["abcab"], options);
  expect(first.read).toEqual([5]);
  expect((await draw(generator, ["abcab"], options)).read).toEqual([1]);
  // Of a sample, the last token was not read.
  const [[sample] = []] = first.texts;
  expect((await draw(generator, [`abcab${sample?.text}e`, "abcac", "deded"], options)).read).toEqual([2, 1, 5]);
  // Where little of it is remembered, it is read with the others.
  expect((await draw(generator, ["abeee"], options)).read).toEqual([5]);
  // Two prompts take a run for each token that is missing, which is more than eight tokens; one is read at once.
  expect((await draw(generator, ["abcaed", "abcaea"], options)).read).toEqual([6, 6]);
  expect((await draw(generator, ["abcaeeb"], options)).read).toEqual([2]);
  await generator.dispose();
});

test("a recurrent model goes on from where it stopped, and reads an equal prompt's last token alone", async () => {
  const generator = Generator.create({ ...tinyLstm(), ends: [] }, engine, { prefixBytes: 2 ** 20 });
  const options = { maxTokens: 3, greedy: true };
  const { texts: [[sample] = []], read } = await draw(generator, ["abcab"], options);
  expect([read, (await draw(generator, ["abcab"], options)).read, (await draw(generator, [`abcab${sample?.text}e`], options)).read]).toEqual([[5], [1], [2]]);
  // Its state in the midst of a text was not kept.
  expect((await draw(generator, ["abca"], options)).read).toEqual([4]);
  await generator.dispose();
});

test("what is remembered stays within its bytes, forgets what was needed longest ago, and ends with the decoder", async () => {
  const { model, parameters } = tinyGpt();
  // Two layers of keys and values, one head of 8 each: 128 bytes a token, and 4 of the token itself.
  const decoder = LanguageDecoder.create(model, parameters, engine, { prefixBytes: 132 * 10 });
  const { prefixes } = decoder;
  const read = async (tokens: number[]): Promise<void> => {
    const memory = decoder.remember(1, tokens.length);
    await decoder.distribution(memory, { tokens: Int32Array.from(tokens) });
    prefixes?.retain(tokens, memory, 0);
  };
  await read([1, 2, 3, 4]);
  await read([1, 2, 5, 6]);
  expect([prefixes?.bytes, prefixes?.count([1, 2, 3, 4, 0])]).toEqual([132 * 6, 4]);
  await read([6, 5, 4, 3]);
  expect([prefixes?.bytes, prefixes?.count([1, 2, 3, 4, 0])]).toEqual([132 * 10, 4]);
  await read([4, 4]); // [5, 6] after [1, 2] was needed longest ago, then [6, 5, 4, 3]
  expect(prefixes?.bytes).toBeLessThanOrEqual(132 * 8);
  expect([[1, 2, 5, 6, 0], [6, 5, 4, 3, 0], [1, 2, 3, 4, 0], [4, 4, 0]].map((tokens) => prefixes?.count(tokens))).toEqual([2, 0, 4, 2]);
  await decoder.dispose();
  expect([prefixes?.bytes, prefixes?.count([4, 4, 0])]).toEqual([0, 0]);
});
