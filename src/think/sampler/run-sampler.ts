import { Generator, type TextModel } from "../../decode/language/generator.ts";
import type { GeneratedText, PromptReading } from "../../decode/language/generation-options.ts";
import type { Engine } from "../../engines/engine.ts";
import { ThinkError } from "../think-error.ts";
import { modelFlops, samplingFlops, type ModelFlops } from "./model-flops.ts";
import { optionsOf, type Sample, type SampledPrompt, type SampleOptions, type SamplePrompt, type Sampler, type Usage } from "./sampler.ts";

/** Rows of a batch: more fill the processor no better, and take memory. */
const BATCH = 256;

/** For what the model remembers of prompts and samples. */
const PREFIX_BYTES = 2 ** 28;

/**
 * Samples of a language model of Decade. All prompts and samples share one batch. A prompt is read once for all of its
 * samples, and what stands written of an answer only from where earlier prompts and samples end; these are remembered within
 * 256 MiB, until the sampler is disposed of.
 *
 *     const sampler = new RunSampler("runs/addition", await openTextModel("runs/addition"), onnx());
 *     const [{ samples }] = await sampler.generate([{ prompt: "123+456=", stream: 0 }], { samples: 64, temperature: 1, maxTokens: 8, seed: 1 });
 */
export class RunSampler implements Sampler {
  readonly #generator: Generator;
  readonly #flops: ModelFlops;

  constructor(readonly name: string, readonly model: TextModel, engine: Engine) {
    this.#generator = Generator.create(model, engine, { prefixBytes: PREFIX_BYTES });
    this.#flops = modelFlops(model.model);
  }

  get context(): number | undefined {
    return this.model.model.context;
  }

  async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    const start = performance.now();
    const { temperature, stop = [], seed, signal } = options;
    signal?.throwIfAborted();
    const texts = prompts.map(({ prompt, written = "" }) => prompt + written);
    this.#checkTokens(texts);
    const readings: PromptReading[] = [];
    const own = prompts.map((prompt) => optionsOf(prompt, options));
    const generated = await this.#generator.generate(texts, {
      onRead: (prompt, reading) => { readings[prompt] = reading; },
      samples: own.map(({ samples }) => samples), maxTokens: own.map(({ maxTokens }) => maxTokens), stop, seed, streams: prompts.map(({ stream }) => stream), batch: BATCH,
      ...(temperature === 0 ? { greedy: true } : { temperature }),
    });
    const sampled = generated.map((list) => list.map(asSample));
    const seconds = (performance.now() - start) / 1000;
    const total = countWritten(sampled.flat());
    return sampled.map((list, at) => ({ samples: list, usage: this.#usage(texts[at] ?? "", readings[at] ?? NOTHING_READ, list, (seconds * countWritten(list)) / total) }));
  }

  countTokens(text: string): number {
    return (this.model.beginning?.length ?? 0) + this.model.tokenizer.encode(text).length;
  }

  flops(read: number, written: number, samples: number): number {
    return samplingFlops(this.#flops, read, written, samples);
  }

  forget(): void {
    this.#generator.forget();
  }

  async dispose(): Promise<void> {
    await this.#generator.dispose();
  }

  #usage(prompt: string, { read, scored }: PromptReading, samples: readonly Sample[], seconds: number): Usage {
    const length = this.countTokens(prompt);
    const reading = this.flops(length, 0, 1) - this.flops(length - read, 0, 1) + scored * this.#flops.scoring;
    const writing = samples.map(({ tokenCount }) => this.flops(length, tokenCount, 1) - this.flops(length, 0, 1));
    return { read, written: countWritten(samples), flops: writing.reduce((sum, each) => sum + each, reading), seconds };
  }

  #checkTokens(texts: readonly string[]): void {
    const { context = Infinity } = this;
    for (const text of texts) {
      if (this.model.tokenizer.encode(text).length >= context) {
        throw new ThinkError(`"${text.slice(0, 60)}" leaves ${this.name} no room, for it can look at ${context} tokens; train it with a larger context, or ask for less.`);
      }
    }
  }
}

const NOTHING_READ: PromptReading = { read: 0, scored: 0 };

function countWritten(samples: readonly Sample[]): number {
  return samples.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
}

function asSample({ text, tokens, details, reason }: GeneratedText): Sample {
  return { text, tokens, tokenCount: details.length, logProbabilities: details.map(({ logProbability }) => logProbability), reason };
}
