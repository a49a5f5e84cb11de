import { expect, it } from "vitest";
import type { TextTranslator } from "../../train/translator/text-translator.ts";
import { TranslatorSampler } from "./translator-sampler.ts";

it("gives each prompt as many samples as it asks for", async () => {
  const translator = {
    translateNBest: async (sentences: readonly string[], { nBest = 1 }: { nBest?: number }) => (
      sentences.map((sentence) => Array.from({ length: nBest }, (_, at) => ({ text: `${sentence}${at}`, tokens: [sentence], score: -at })))),
  } as unknown as TextTranslator;
  const sampler = new TranslatorSampler("a translator", translator, { countTokens: (text) => text.length });
  const prompts = [{ prompt: "a", stream: 0, samples: 1 }, { prompt: "b", stream: 1, samples: 3 }, { prompt: "c", stream: 2 }];
  for (const temperature of [0, 1]) {
    const sampled = await sampler.generate(prompts, { samples: 2, temperature, maxTokens: 5, seed: 1 });
    expect(sampled.map(({ samples }) => samples.length)).toEqual([1, 3, 2]);
  }
});
