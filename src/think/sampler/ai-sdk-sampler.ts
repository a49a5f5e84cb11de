import { beforeStop, callForEach, CallSlots, CONCURRENCY, estimateTokens, PassingFailure, remoteFlops, withRetries, type RemoteOptions } from "./remote-calls.ts";
import { optionsOf, type Sample, type SampledPrompt, type SampleOptions, type SamplePrompt, type Sampler } from "./sampler.ts";

type Message =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user" | "assistant"; readonly content: { readonly type: "text"; readonly text: string }[] };

/** What is asked of a language model of the Vercel AI SDK. */
export interface AiSdkRequest {
  prompt: Message[];
  maxOutputTokens: number;
  temperature: number;
  seed: number;
  abortSignal: AbortSignal;
}

type TokenCount = number | undefined | { readonly total: number | undefined };

/** As much as is needed of `LanguageModelV2` and `LanguageModelV3` of `@ai-sdk/provider`; a model of either will do. */
export interface AiSdkModel {
  readonly provider: string;
  readonly modelId: string;
  doGenerate(request: AiSdkRequest): PromiseLike<{
    readonly content: readonly { readonly type: string; readonly text?: unknown }[];
    readonly finishReason: string | { readonly unified: string };
    readonly usage: { readonly inputTokens: TokenCount; readonly outputTokens: TokenCount };
  }>;
}

/**
 * Samples of a model of the Vercel AI SDK. It gives one sample a call, and no log-probabilities.
 *
 *     const sampler = new AiSdkSampler(openai("gpt-4.1-mini"), { retries: 2 });
 */
export class AiSdkSampler implements Sampler {
  readonly name: string;
  readonly followsInstructions = true;
  readonly #slots: CallSlots;

  constructor(private readonly model: AiSdkModel, private readonly options: RemoteOptions = {}) {
    this.name = `${model.modelId} of ${model.provider}`;
    this.#slots = new CallSlots(options.concurrency ?? CONCURRENCY);
  }

  get concurrency(): number {
    return this.#slots.count;
  }

  async generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    const calls = prompts.flatMap((prompt, at) => {
      const own = optionsOf(prompt, options);
      return Array.from({ length: own.samples }, (_, sample) => ({ at, prompt, own, sample }));
    });
    const answers = await callForEach(calls, options.signal, ({ prompt, own, sample }, signal) => this.#slots.run(() => this.#ask(prompt, { ...own, signal }, sample)));
    return prompts.map((_, at) => together(answers.filter((_answer, call) => calls[call]?.at === at)));
  }

  countTokens(text: string): number {
    return estimateTokens(text);
  }

  /** Each sample reads the prompt anew. */
  flops(read: number, written: number, samples: number): number | undefined {
    return remoteFlops(this.options.parameters, samples * read, samples * written);
  }

  async dispose(): Promise<void> {
    // Nothing is held between calls.
  }

  async #ask({ prompt, written = "", instruction, stream }: SamplePrompt, options: SampleOptions, sample: number): Promise<SampledPrompt> {
    const start = performance.now();
    const { maxTokens, temperature, stop = [], seed } = options;
    const messages: Message[] = [
      ...(instruction === undefined ? [] : [{ role: "system" as const, content: instruction }]), { role: "user", content: [{ type: "text", text: prompt }] },
      ...(written === "" ? [] : [{ role: "assistant" as const, content: [{ type: "text" as const, text: written }] }]),
    ];
    const { content, finishReason, usage } = await withRetries(this.name, async (abortSignal) => {
      try {
        return await this.model.doGenerate({
          prompt: messages, maxOutputTokens: maxTokens, temperature, seed: (seed + stream + sample) % 2 ** 31, abortSignal,
        });
      } catch (error) {
        throw mayPass(error) ? new PassingFailure(`failed (${error instanceof Error ? error.message : String(error)})`) : error;
      }
    }, this.options, options.signal);
    const text = content.map((part) => (part.type === "text" && typeof part.text === "string" ? part.text : "")).join("");
    const [read, count] = [countOf(usage.inputTokens) ?? estimateTokens(prompt + written), Math.max(1, countOf(usage.outputTokens) ?? estimateTokens(text))];
    const { kept, isStopped } = beforeStop(text, stop);
    const drawn: Sample = {
      text: kept, tokens: undefined, logProbabilities: undefined, tokenCount: isStopped ? Math.max(1, Math.round((count * kept.length) / text.length)) : count,
      reason: isStopped ? "stop" : isCutOff(finishReason) ? "length" : "end",
    };
    return { samples: [drawn], usage: { read, written: count, flops: remoteFlops(this.options.parameters, read, count), seconds: (performance.now() - start) / 1000 } };
  }
}

/** What the SDK's own errors say of themselves. */
function mayPass(error: unknown): boolean {
  return error instanceof Error && "isRetryable" in error && error.isRetryable === true;
}

function countOf(count: TokenCount): number | undefined {
  return typeof count === "object" ? count.total : count;
}

function isCutOff(reason: string | { readonly unified: string }): boolean {
  return (typeof reason === "string" ? reason : reason.unified) === "length";
}

function together(calls: readonly SampledPrompt[]): SampledPrompt {
  const sum = (of: (call: SampledPrompt) => number): number => calls.reduce((total, call) => total + of(call), 0);
  const flops = sum(({ usage }) => usage.flops ?? NaN);
  return {
    samples: calls.flatMap(({ samples }) => samples),
    usage: { read: sum(({ usage }) => usage.read), written: sum(({ usage }) => usage.written), flops: Number.isNaN(flops) ? undefined : flops, seconds: sum(({ usage }) => usage.seconds) },
  };
}
