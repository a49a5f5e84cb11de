import { onnx } from "../src/engines/onnx/engine.ts";
import { languageModelSchema } from "../src/train/config-language-model.ts";
import { buildLanguageModel } from "../src/train/open-text-run.ts";
import { Tokenizer } from "../src/text/tokenizer.ts";
import { RunSampler } from "../src/think/sampler/run-sampler.ts";
import { openTask } from "../src/think/tasks/open-task.ts";
import { median, peakMemoryMiB, timeCalls } from "./timing.ts";

/** The model of examples/thinking/countdown.config.ts, with random weights. */
const MODEL = { kind: "gpt", layers: 6, dimension: 192, heads: 6, context: 96, positions: "rotary", bias: false } as const;
const TOKENS = 40;
const SAMPLES = [1, 16, 64, 256] as const;
const ROUNDS = 5;

/**
 * Samples a second, for so many samples of one Countdown problem: of new problems, whose prompts are read each time. All
 * samples have equally many tokens, for none ends by itself.
 */
export async function think() {
  const task = openTask("countdown");
  const problems = await task.problems("train", { seed: 1, count: 100 + SAMPLES.length * (ROUNDS + 1) });
  const tokenizer = await Tokenizer.train({ kind: "character", lowercase: false }, problems.map((problem) => problem.prompt + task.solution(problem)));
  const model = buildLanguageModel(languageModelSchema.parse(MODEL), tokenizer.size).seed(1);
  const parameters = new Map(model.parameters().map((parameter) => [parameter.name, parameter.initialize()]));
  const sampler = new RunSampler("random weights", { model, parameters, tokenizer }, onnx());
  const unread = problems.values();
  const seconds = new Map<number, number>();
  for (const samples of SAMPLES) {
    const draw = async () => {
      const { prompt = "" } = unread.next().value ?? {};
      return sampler.generate([{ prompt, stream: 1 }], { samples, temperature: 1, maxTokens: TOKENS, seed: 1 });
    };
    seconds.set(samples, median(await timeCalls(draw, ROUNDS, 1)) / 1000);
  }
  await sampler.dispose();
  const rate = (samples: number) => Number((samples / (seconds.get(samples) ?? NaN)).toPrecision(4));
  return {
    samplesPerSecond: { 1: rate(1), 16: rate(16), 256: rate(256) },
    costOf64InSamples: Number(((seconds.get(64) ?? NaN) / (seconds.get(1) ?? NaN)).toPrecision(3)),
    tokensPerSample: TOKENS, problemsAtOnce: 1, model: MODEL, vocabulary: tokenizer.size, peakMemoryMiB: peakMemoryMiB(),
  };
}
