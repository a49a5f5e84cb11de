import { describe, expect, it } from "vitest";
import { tinyGpt, tinyLstm } from "../../decode/language/fixtures/tiny-text-model.ts";
import { Generator } from "../../decode/language/generator.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { wordTask } from "../fixtures/word-task.ts";
import { DEFAULT_SETTINGS, think } from "../think.ts";
import { modelFlops, samplingFlops } from "./model-flops.ts";
import { RunSampler } from "./run-sampler.ts";

const options = { samples: 3, temperature: 1, maxTokens: 5, seed: 7 };

describe("samples of a language model", () => {
  it("are the generator's, and cost the prompt once", async () => {
    const model = tinyGpt();
    const sampler = new RunSampler("tiny", model, onnx());
    const generator = Generator.create(model, onnx());
    try {
      const [sampled] = await sampler.generate([{ prompt: "abc", written: "d", stream: 4 }], options);
      const [expected = []] = await generator.generate(["abcd"], { ...options, streams: [4] });
      expect(sampled?.samples.map(({ text }) => text)).toEqual(expected.map(({ text }) => text));
      sampled?.samples.forEach(({ logProbabilities, tokenCount }, at) => {
        expect(logProbabilities).toHaveLength(tokenCount);
        expect(logProbabilities?.reduce((sum, each) => sum + each, 0)).toBeCloseTo(expected[at]?.logProbability ?? NaN, 6);
      });
      expect(sampled?.usage.read).toBe(4);
      expect(sampled?.usage.written).toBe(sampled?.samples.reduce((sum, { tokenCount }) => sum + tokenCount, 0));
      const apart = sampled?.samples.map(({ tokenCount }) => sampler.flops(4, tokenCount, 1) - sampler.flops(4, 0, 1)) ?? [];
      expect(sampled?.usage.flops).toBeCloseTo(sampler.flops(4, 0, 1) + apart.reduce((sum, each) => sum + each, 0), 6);
    } finally {
      await sampler.dispose();
      await generator.dispose();
    }
  });

  it.each(["revision", "budget-forcing"] as const)("end %s where what is written leaves the model no room to go on", async (strategy) => {
    const { wait, answerCue, criticismText } = DEFAULT_SETTINGS;
    const model = tinyGpt([...new Set(`012?${wait}${answerCue}${criticismText}`)].join(""), { context: 32 });
    const sampler = new RunSampler("tiny", model, onnx());
    try {
      const room = (model.model.context ?? NaN) - 4;
      const { report, stopped } = await think(wordTask, await wordTask.problems("test", { seed: 1, count: 3 }), sampler, { strategy, settings: { maxTokens: room, samples: 3 } });
      expect([stopped, report.problems]).toEqual([undefined, 3]);
    } finally {
      await sampler.dispose();
    }
  });

  it("of a prompt are the same in any batch, and differ from stream to stream", async () => {
    const sampler = new RunSampler("tiny", tinyGpt(), onnx());
    try {
      const texts = async (streams: number[]) => (await sampler.generate(streams.map((stream) => ({ prompt: "ab", stream })), { ...options, samples: 8 })).map(({ samples }) => samples.map(({ text }) => text));
      const [first, second] = await texts([1, 2]);
      expect(first).not.toEqual(second);
      expect((await texts([2]))[0]).toEqual(second);
    } finally {
      await sampler.dispose();
    }
  });

  it("go on from earlier ones for the tokens that are new, and cost no more than these", async () => {
    for (const model of [tinyGpt(), tinyLstm()]) {
      const [sampler, anew] = [new RunSampler("tiny", model, onnx()), new RunSampler("tiny", model, onnx())];
      try {
        const [first] = await sampler.generate([{ prompt: "abc", stream: 1 }], { ...options, samples: 8 });
        const cut = first?.samples.find(({ reason }) => reason === "length");
        const written = `${cut?.text}e`;
        const ask = [{ prompt: "abc", written, stream: 2 }];
        const [[next], [read]] = [await sampler.generate(ask, { ...options, samples: 1 }), await anew.generate(ask, { ...options, samples: 1 })];
        expect(next?.samples[0]?.text).toBe(read?.samples[0]?.text);
        // The last token of the sample, which nothing has read yet, and the one after it.
        expect([next?.usage.read, read?.usage.read]).toEqual([2, 3 + written.length]);
        const { token, lookingBack, scoring } = modelFlops(model.model);
        const [length, count] = [3 + written.length, next?.samples[0]?.tokenCount ?? 0];
        const places = Array.from({ length: 2 + count - 1 }, (_, at) => length - 1 + at);
        expect(next?.usage.flops).toBeCloseTo(places.reduce((sum, place) => sum + token + lookingBack * place, 0) + count * scoring, 6);
      } finally {
        await sampler.dispose();
        await anew.dispose();
      }
    }
  });

  it("say in one sentence that a prompt leaves no room", async () => {
    const sampler = new RunSampler("tiny", tinyGpt(), onnx());
    await expect(sampler.generate([{ prompt: "a".repeat(16), stream: 1 }], options)).rejects.toThrow(/leaves tiny no room, for it can look at 16 tokens/);
    await sampler.dispose();
  });
});

describe("a model's floating-point operations", () => {
  it("are two for each weight that a token meets, and for each place that it looks back on", () => {
    // Two layers of 16: queries and outputs 16·16, keys and values 16·8 (one of two heads), SwiGLU 3·16·32; 7 tokens.
    const weights = 2 * (2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 32);
    expect(modelFlops(tinyGpt().model)).toEqual({ token: 2 * weights, scoring: 2 * 16 * 7, lookingBack: 2 * (2 * 2 * 16) });
  });

  it("of a recurrent model do not grow with what it has read", () => {
    // Two layers of 8 units, four gates of inputs and state each.
    expect(modelFlops(tinyLstm().model)).toEqual({ token: 2 * 2 * (4 * 8 * 16), scoring: 2 * 8 * 7, lookingBack: 0 });
  });

  it("of samples add up token by token", () => {
    const costs = { token: 100, scoring: 10, lookingBack: 1 };
    // Prompt of 3: 300 + 1 + 2 + 3, and a scoring; two samples of 2 tokens, of which the first is read again: 100 + 4 + 10 each.
    expect(samplingFlops(costs, 3, 2, 2)).toBe(306 + 10 + 2 * 114);
  });
});
