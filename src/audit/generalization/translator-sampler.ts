import { AuditError } from "../audit-error.ts";
import { optionsOf, type Sample, type SampledPrompt, type SampleOptions, type SamplePrompt, type Sampler } from "../../think/sampler/sampler.ts";
import type { TextTranslation, TextTranslator } from "../../train/translator/text-translator.ts";

export interface TranslatorSamplerOptions {
  /** Tokens of an output. */
  readonly countTokens: (text: string) => number;
  /** Partial outputs that are followed at once where the likeliest output is asked for; 1 by default. */
  readonly beam?: number;
}

/**
 * Answers of a model that reads one sequence and writes another, so that tasks can be asked of it as of a language model:
 * the prompt is the source, the output the answer. It cannot go on from what is written of an answer.
 */
export class TranslatorSampler implements Sampler {
  constructor(readonly name: string, private readonly translator: TextTranslator, private readonly options: TranslatorSamplerOptions) {}

  /** Prompts may have samples of their own; the outputs of all are bounded by the most tokens of any. */
  async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    const start = performance.now();
    const { temperature, seed, signal } = options;
    const own = prompts.map((prompt) => optionsOf(prompt, options));
    const most = (of: (each: SampleOptions) => number): number => own.reduce((greatest, each) => Math.max(greatest, of(each)), 1);
    signal?.throwIfAborted();
    if (prompts.some(({ written = "" }) => written !== "")) {
      throw new AuditError(`${this.name} reads a source and writes the whole answer, so that no strategy can go on from a part of one; choose greedy, beam, majority-vote or best-of-n.`);
    }
    const { beam = 1 } = this.options;
    const outputs = await this.translator.translateNBest(prompts.map(({ prompt }) => prompt), {
      maximumLength: { factor: 0, constant: most(({ maxTokens }) => maxTokens) },
      ...(temperature === 0
        ? { beam, nBest: 1 } : { sample: { temperature, seed, streams: prompts.map(({ stream }) => stream) }, nBest: most(({ samples }) => samples) }),
    });
    const seconds = (performance.now() - start) / 1000 / prompts.length;
    return outputs.map((list, at) => {
      const samples = own[at]?.samples ?? 0;
      // The likeliest output is the same each time it is asked for.
      const drawn = (temperature === 0 ? Array.from({ length: samples }, () => list[0]).filter((each) => each !== undefined) : list.slice(0, samples)).map(asSample);
      // A beam writes a token to each of its partial outputs at every step.
      const written = drawn.reduce((sum, { tokenCount }) => sum + tokenCount, 0) * (temperature === 0 ? beam : 1);
      return { samples: drawn, usage: { read: this.countTokens(prompts[at]?.prompt ?? ""), written, flops: undefined, seconds } };
    });
  }

  countTokens(text: string): number {
    return this.options.countTokens(text);
  }

  flops(): undefined {
    return undefined;
  }

  /** The translator is its opener's to free. */
  async dispose(): Promise<void> {}
}

function asSample({ text, tokens }: TextTranslation): Sample {
  return { text, tokens: undefined, logProbabilities: undefined, tokenCount: tokens.length + 1, reason: "end" };
}
