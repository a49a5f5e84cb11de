import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyGpt } from "../decode/language/fixtures/tiny-text-model.ts";
import type { GeneratedText, TextGenerationOptions } from "../decode/language/generation-options.ts";
import { Generator } from "../decode/language/generator.ts";
import { LanguageDecoder } from "../decode/language/language-decoder.ts";
import type { NewTokens } from "../decode/language/token-scorer.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { encodeModel } from "../engines/onnx/proto.ts";
import { Gpt } from "../models/gpt.ts";
import { decoderGraph } from "./onnx-program.ts";
import { OnnxScorer } from "./onnx-scorer.ts";
import { openOnnxDecoder } from "./onnx-session.ts";

const FORMS = {
  "Llama's form": tinyGpt(),
  "GPT-2's form": tinyGpt("abcde ", { normalization: "layer", activation: "gelu-tanh", positions: "learned", bias: true, keyValueHeads: 2 }),
};

const OPTIONS: Readonly<Record<string, TextGenerationOptions>> = {
  "greedily": { greedy: true, alternatives: 3 },
  "greedily, with more alternatives than there are tokens": { greedy: true, alternatives: 20 },
  "by draws from a nucleus": { topP: 0.9, temperature: 1.2, seed: 5, samples: 3 },
  "by draws among a few": { topK: 3, seed: 2, samples: 2 },
  "under penalties": { greedy: true, repetitionPenalty: 1.3, presencePenalty: 0.2 },
  "beyond its context": { greedy: true, whenFull: "slide", maxTokens: 24 },
};

const whole = ({ text, tokens, reason, details }: GeneratedText) => ({
  text, tokens: Array.from(tokens), reason, alternatives: details.map(({ alternatives }) => alternatives.map(({ token }) => token)),
});

describe.each(Object.entries(FORMS))("an exported model of %s", (_name, source) => {
  const { model, parameters } = source;
  if (!(model instanceof Gpt)) throw new Error("Only a Gpt can be exported.");
  let scorer: OnnxScorer;
  let decoder: LanguageDecoder;
  beforeAll(async () => {
    scorer = new OnnxScorer(await openOnnxDecoder(encodeModel(decoderGraph(model, parameters)), model.options, 1));
    decoder = LanguageDecoder.create(model, parameters, onnx({ threads: 1 }));
  });
  afterAll(() => Promise.all([scorer.dispose(), decoder.dispose()]));

  test.each(Object.entries(OPTIONS))("writes %s what the model writes on Decade's engine", async (_how, options) => {
    const prompts = ["a", "bcd e", "ed"];
    const all = { maxTokens: 8, ...options };
    const expected = (await Generator.over(decoder, source).generate(prompts, all)).flat();
    const texts = (await Generator.over(scorer, source).generate(prompts, all)).flat();
    expect(texts.map(whole)).toEqual(expected.map(whole));
    texts.forEach(({ logProbability }, at) => expect(logProbability).toBeCloseTo(expected[at]?.logProbability ?? NaN, 3));
  });

  test("scores each of several tokens, and takes back what it has read", async () => {
    const steps: { shorten: number; input: NewTokens }[] = [
      { shorten: 0, input: { tokens: Int32Array.of(1, 2, 3, 4) } },
      { shorten: 3, input: { tokens: Int32Array.of(5, 6) } },
      { shorten: 1, input: { tokens: Int32Array.of(2, 2, 1) } },
    ];
    const [memory, expectedMemory] = [scorer.remember(1), decoder.remember(1, 8)];
    for (const { shorten, input } of steps) {
      memory.shorten(shorten);
      expectedMemory.shorten(shorten);
      const [scores, expected] = [await scorer.distributions(memory, input), await decoder.distributions(expectedMemory, input)];
      expect(scores.shape).toEqual(expected.shape);
      scores.data.forEach((score, at) => expect(score).toBeCloseTo(expected.data[at] ?? NaN, 4));
    }
    expect(Array.from(memory.lengths)).toEqual([4]);
  });

  test("scores rows of different lengths, each token of theirs", async () => {
    const input = { tokens: Int32Array.of(1, 2, 3, 4, 0, 0), counts: Int32Array.of(3, 1) };
    const { data, shape } = await scorer.distributions(scorer.remember(2), input);
    const { data: expected } = await decoder.distributions(decoder.remember(2, 3), input);
    const [, time = 0, width = 0] = shape;
    input.counts.forEach((count, row) => {
      for (let at = row * time * width; at < (row * time + count) * width; at++) expect(data[at]).toBeCloseTo(expected[at] ?? NaN, 4);
    });
  });
});
