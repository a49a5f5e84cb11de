import { describe, expect, test } from "vitest";
import { onnx } from "../../engines/onnx/engine.ts";
import { reference } from "../../engines/reference/engine.ts";
import { int32 } from "../../graph/program.ts";
import { logSoftmax } from "../../nn/activation.ts";
import { regularExpression } from "./constraint/regular-expression.ts";
import { characters, tinyGpt, tinyLstm, withWeights } from "./fixtures/tiny-text-model.ts";
import type { GeneratedText, TextGenerationOptions } from "./generation-options.ts";
import { Generator, type TextModel } from "./generator.ts";

const MODELS: Readonly<Record<string, () => TextModel>> = {
  "Llama's form": tinyGpt,
  "GPT-2's form": () => tinyGpt("abcde ", { normalization: "layer", activation: "gelu-tanh", positions: "learned", bias: true, keyValueHeads: 2 }),
  "recurrent": tinyLstm,
};

async function generate(source: TextModel, prompts: readonly string[], options: TextGenerationOptions, engine = onnx({ threads: 1 })): Promise<GeneratedText[][]> {
  const generator = Generator.create(source, engine);
  const texts = await generator.generate(prompts, options);
  await generator.dispose();
  return texts;
}

/** Log-probabilities after all the tokens at once, without a cache kept between steps: the model's `start` and `read`. */
async function scoresAfter({ model, parameters }: TextModel) {
  const engine = reference();
  const state = engine.createState();
  for (const { name, shape, dtype } of model.parameters()) state.declare({ name, shape, dtype, initialize: () => parameters.get(name) ?? new Float32Array() });
  const program = await engine.compile({ tokens: int32("rows", "time"), padding: int32("rows") }, ({ tokens, padding }) => (
    { scores: logSoftmax(model.read(tokens, model.start("rows", padding)).logits) }), { state });
  return async (tokens: readonly number[]): Promise<number[]> => {
    const { scores } = await program.run({ tokens: { data: Int32Array.from(tokens), shape: [1, tokens.length] }, padding: { data: new Int32Array(1), shape: [1] } });
    return Array.from(scores.data.subarray(-model.vocabulary));
  };
}

const whole = ({ text, tokens, reason }: GeneratedText) => ({ text, tokens: Array.from(tokens), reason });

describe.each(Object.entries(MODELS))("a generator with a model of %s", (_name, make) => {
  test("writes greedily what the model finds likeliest, step by step, and tells how likely it was", async () => {
    const source = make();
    const score = await scoresAfter(source);
    const prompts = ["a", "bcd e", "ed"];
    const texts = (await generate(source, prompts, { greedy: true, maxTokens: 8, alternatives: 3 })).flat();
    for (const [at, prompt] of prompts.entries()) {
      const tokens = Array.from(source.tokenizer.encode(prompt));
      for (const { token, logProbability, alternatives } of texts[at]?.details ?? []) {
        const scores = await score(tokens);
        const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
        expect(token).toBe(order[0]);
        expect(logProbability).toBeCloseTo(scores[token] ?? NaN, 4);
        expect(alternatives.map((other) => other.token)).toEqual(order.slice(0, 3));
        tokens.push(token);
      }
      expect(texts[at]?.text).toBe(source.tokenizer.decode(texts[at]?.tokens ?? []));
      expect(texts[at]?.logProbability).toBeCloseTo(texts[at]?.details.reduce((sum, { logProbability }) => sum + logProbability, 0) ?? NaN, 6);
    }
  });

  test("draws the same texts from one seed, however prompts are put together", async () => {
    const prompts = ["a", "bcd e", "ed", "cc"];
    const options = { samples: 3, maxTokens: 7, temperature: 1.3, seed: 5 };
    const together = await generate(make(), prompts, options);
    const apart = await generate(make(), prompts, { ...options, batch: 1 });
    const alone = await Promise.all(prompts.map(async (prompt) => (await generate(make(), [prompt], options))[0] ?? []));
    expect(apart.map((list) => list.map(whole))).toEqual(together.map((list) => list.map(whole)));
    expect(alone.map((list) => list.map(whole))).toEqual(together.map((list) => list.map(whole)));
    expect(new Set(together.flat().map(({ text }) => text)).size).toBeGreaterThan(6);
    expect((await generate(make(), prompts, { ...options, seed: 6 })).flat().map(whole)).not.toEqual(together.flat().map(whole));
  });
});

describe("generation", () => {
  test("of prompts with numbers of texts and lengths of their own writes for each what it writes for it alone", async () => {
    const prompts = ["a", "bcd e", "ed", "cc"];
    const [samples, maxTokens, streams] = [[3, 1, 5, 2], [2, 9, 4, 7], [4, 2, 9, 1]];
    const options = { temperature: 1.3, seed: 5 };
    for (const batch of [1, 4, 100]) {
      const together = await generate(tinyGpt(), prompts, { ...options, samples, maxTokens, streams, batch });
      const alone = await Promise.all(prompts.map(async (prompt, at) => (
        await generate(tinyGpt(), [prompt], { ...options, samples: samples[at] ?? 0, maxTokens: maxTokens[at] ?? 0, streams: streams.slice(at, at + 1) }))[0] ?? []));
      expect(together.map((list) => list.map(whole))).toEqual(alone.map((list) => list.map(whole)));
    }
    await expect(generate(tinyGpt(), prompts, { samples: [1, 2] })).rejects.toThrow(/^samples has 2 numbers for 4 prompts; give one for all, or one each\.$/);
    await expect(generate(tinyGpt(), prompts, { maxTokens: [1, 2, 0, 1] })).rejects.toThrow(/maxTokens of prompt 3/);
  });

  test("draws the same on the reference engine, with restrictions and penalties", async () => {
    for (const options of [{ topK: 3 }, { topP: 0.7, minP: 0.1 }, { typical: 0.6 }, { repetitionPenalty: 1.5, frequencyPenalty: 0.3, presencePenalty: 0.2, topK: 4 }]) {
      const [a, b] = await Promise.all([onnx({ threads: 1 }), reference()].map((engine) => generate(tinyGpt(), ["ab", "c"], { ...options, maxTokens: 5, seed: 3 }, engine)));
      expect(a?.flat().map(whole)).toEqual(b?.flat().map(whole));
    }
  });

  test("never repeats where that costs everything", async () => {
    const [[text] = []] = await generate(tinyGpt(), ["a"], { presencePenalty: 1e6, greedy: true, maxTokens: 6 });
    expect(new Set(text?.details.map(({ token }) => token)).size).toBe(text?.details.length);
  });

  test("ends at stop texts, stop tokens, the model's own end, the limit and the context", async () => {
    const source = tinyGpt("abcde ", {}, 4);
    const [[free] = []] = await generate(source, ["ab"], { seed: 2, maxTokens: 10 });
    const text = free?.text ?? "";
    expect(text.length).toBeGreaterThan(5);
    const stop = text.slice(3, 5);
    const [[stopped] = []] = await generate(source, ["ab"], { seed: 2, maxTokens: 10, stop: [stop, "zz"] });
    expect(stopped).toMatchObject({ text: text.slice(0, text.indexOf(stop)), reason: "stop" });
    const token = free?.tokens[2] ?? 0;
    const [[byToken] = []] = await generate(source, ["ab"], { seed: 2, maxTokens: 10, stopTokens: [token] });
    expect(byToken).toMatchObject({ text: text.slice(0, Array.from(free?.tokens ?? []).indexOf(token)), reason: "stop" });
    const ends = (await generate(source, ["ab"], { samples: 40, maxTokens: 5 })).flat().filter(({ reason }) => reason === "end");
    expect(ends.length).toBeGreaterThan(0);
    for (const { tokens, details } of ends) expect([details.at(-1)?.token, tokens.includes(0)]).toEqual([0, false]);
    const full = (await generate({ ...source, ends: [] }, ["ab"], { maxTokens: 100 })).flat();
    expect(full[0]).toMatchObject({ reason: "context", tokens: { length: 15 } });
  });

  test("slides on from the last half of the context, as a new prompt would", async () => {
    const source = { ...tinyGpt(), ends: [] };
    const [[text] = []] = await generate(source, ["ab"], { maxTokens: 40, greedy: true, whenFull: "slide" });
    expect([text?.tokens.length, text?.reason]).toEqual([40, "length"]);
    // 16 tokens fit; with the 15th new one there are 17, of which the last 8 are read again.
    const again = source.tokenizer.decode(text?.tokens.slice(7, 15) ?? []);
    const [[next] = []] = await generate(source, [again], { maxTokens: 9, greedy: true });
    expect(Array.from(next?.tokens ?? [])).toEqual(Array.from(text?.tokens.slice(15, 24) ?? []));
  });

  test("streams what it writes in the end", async () => {
    const generator = Generator.create(tinyGpt(), onnx({ threads: 1 }));
    const options = { maxTokens: 12, seed: 9, stop: ["dd"] };
    const [[text] = []] = await generator.generate(["abc"], options);
    let streamed = "";
    let reason: string | undefined;
    for await (const event of generator.stream("abc", options)) {
      expect(reason).toBeUndefined();
      streamed += event.text;
      reason = event.reason;
    }
    expect([streamed, reason]).toEqual([text?.text, text?.reason]);
    for await (const event of generator.stream("abc", options)) if (event.text !== "") break;
    await generator.dispose();
  });

  test("keeps to a constraint, whatever the model wants", async () => {
    const alphabet = "abcdefgh0123456789{}\",:-. ";
    const expressions = ["[a-c]{3}-\\d{2}", "(ab|cd)*e", "\\d+(\\.\\d+)?", "[^a]{4}"];
    for (const [at, source] of expressions.entries()) {
      const constraint = regularExpression(source);
      for (const ends of [[0], []]) {
        const texts = (await generate({ ...tinyGpt(alphabet, { context: 64 }, at + 1), ends }, ["ab", "c"], { constraint, samples: 8, maxTokens: 60, temperature: 2 })).flat();
        for (const { text, reason } of texts) if (reason !== "length") expect(text).toMatch(new RegExp(`^(?:${source})$`, "u"));
        expect(texts.filter(({ reason }) => reason !== "length").length).toBeGreaterThan(8);
      }
    }
    await expect(generate(tinyGpt(), ["a"], { constraint: regularExpression("a*x") })).resolves.toBeDefined();
    await expect(generate(tinyGpt(), ["a"], { constraint: regularExpression("x") })).rejects.toThrow(/no token of the model's vocabulary can write/);
  });

  test("says what it cannot do", async () => {
    const source = tinyGpt();
    const generator = Generator.create(source, onnx({ threads: 1 }));
    await expect(generator.generate(["a", "a".repeat(17)])).rejects.toThrow("Prompt 2 has 17 tokens, but the model can look at 16; shorten it.");
    await expect(generator.generate(["a?"])).rejects.toThrow(/The token of prompt 1, -1 is outside the model's vocabulary, whose ids are 0 to 6/);
    await expect(generator.generate(["a"], { stopTokens: [7] })).rejects.toThrow(/The stop token 7 is outside/);
    await expect(generator.generate(["a"], { samples: 0 })).rejects.toThrow(/samples is 0/);
    await expect(generator.generate(["a"], { seed: -1 })).rejects.toThrow(/seed is -1/);
    await expect(Generator.create({ ...source, ends: [] }, onnx()).generate([""])).rejects.toThrow(/Prompt 1 is empty/);
    expect((await generator.generate([""], { maxTokens: 3 })).flat()).toHaveLength(1);
    await generator.dispose();
    expect(() => Generator.create({ ...source, tokenizer: characters("abcdefghij") }, onnx())).toThrow(/tokenizer has 11 tokens, but the model knows 7/);
    expect(() => Generator.create({ ...source, ends: [9] }, onnx())).toThrow(/end token 9 is outside/);
    expect(() => Generator.create({ ...source, parameters: new Map() }, onnx())).toThrow(/has no value/);
    const other = withWeights(tinyGpt("ab").model, characters("ab"));
    expect(() => Generator.create(source, onnx(), { draft: other })).toThrow(/must share one vocabulary/);
    expect(() => Generator.create(source, onnx(), { draft: tinyLstm() })).toThrow(/recurrent model cannot take back/);
  });
});
