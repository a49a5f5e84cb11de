import { onnx } from "../src/engines/onnx/engine.ts";
import { Tokenizer } from "../src/text/tokenizer.ts";
import { RunSampler } from "../src/think/sampler/run-sampler.ts";
import { openTask } from "../src/think/tasks/open-task.ts";
import { languageModelSchema } from "../src/train/config/language-model.ts";
import { buildLanguageModel } from "../src/train/run/open-text-run.ts";
import { median, peakMemoryMiB, processorTime, timeCalls, wallTime } from "./timing.ts";

/** The model of examples/thinking/countdown.config.ts. */
const MODEL = { kind: "gpt", layers: 6, dimension: 192, heads: 6, context: 96, positions: "rotary", bias: false } as const;
const TOKENS = 40;
const SAMPLES = [1, 16, 64, 256] as const;
const ROUNDS = 5;

/**
 * Samples a second of Countdown problems, one at a time, with random weights, at so many samples of each; a problem's prompt
 * is read once. No sample ends by itself: all have equally many tokens. With one thread, in processor time.
 */
export async function think(threads?: number) {
  const { sampler, prompts, vocabulary } = await openSampler(threads);
  const clock = threads === 1 ? processorTime : wallTime;
  const times = new Map<number, number[]>(SAMPLES.map((samples) => [samples, []]));
  // Sizes take turns, so that all meet the machine as it is.
  for (let round = -1; round < ROUNDS; round++) {
    for (const samples of SAMPLES) {
      const prompt = prompts.next().value ?? "";
      const [time = NaN] = await timeCalls(() => sampler.generate([{ prompt, stream: 1 }], { samples, temperature: 1, maxTokens: TOKENS, seed: 1 }), 1, 0, clock);
      if (round >= 0) times.get(samples)?.push(time);
    }
  }
  await sampler.dispose();
  const seconds = (samples: number): number => median(times.get(samples) ?? []) / 1000;
  const rate = (samples: number): number => Number((samples / seconds(samples)).toPrecision(4));
  return {
    samplesPerSecond: { 1: rate(1), 16: rate(16), 256: rate(256) },
    costOf64SamplesToOne: Number((seconds(64) / seconds(1)).toPrecision(3)),
    tokensPerSample: TOKENS, clock: clock === wallTime ? "wall" : "processor", model: MODEL, vocabulary, peakMemoryMiB: peakMemoryMiB(),
  };
}

async function openSampler(threads?: number) {
  const task = openTask("countdown");
  const problems = await task.problems("train", { seed: 1, count: SAMPLES.length * (ROUNDS + 1) });
  const tokenizer = await Tokenizer.train({ kind: "character", lowercase: false }, problems.map((problem) => problem.prompt + task.solution(problem)));
  const model = buildLanguageModel(languageModelSchema.parse(MODEL), tokenizer.size).seed(1);
  const parameters = new Map(model.parameters().map((parameter) => [parameter.name, parameter.initialize()]));
  const sampler = new RunSampler("random weights", { model, parameters, tokenizer }, onnx(threads === undefined ? {} : { threads }));
  return { sampler, prompts: problems.map(({ prompt }) => prompt).values(), vocabulary: tokenizer.size };
}
