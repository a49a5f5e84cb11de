/**
 * What strategies need of a model, wherever it runs: texts that go on from others, with what they cost. Learning from
 * rewards goes by the same interface: a sample has its tokens and their log-probabilities under the model that drew them.
 */
import type { EndReason } from "../../decode/language/generation-options.ts";

export interface SamplePrompt {
  /** What is asked. */
  readonly prompt: string;
  /** What stands written of the answer already; nothing by default. */
  readonly written?: string;
  /** For models that follow instructions; others do without. */
  readonly instruction?: string | undefined;
  /** A whole number; draws of different streams are independent of each other. */
  readonly stream: number;
  /** Of this prompt, where it is not to have as many as the others. */
  readonly samples?: number;
  /** The most new tokens of its samples, where it is not to have as many as the others. */
  readonly maxTokens?: number;
}

export interface SampleOptions {
  /** Of each prompt. */
  readonly samples: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  /** The most new tokens of a sample. */
  readonly maxTokens: number;
  /** Texts that end a sample and are no part of it. */
  readonly stop?: readonly string[];
  readonly seed: number;
  /** Ends the work early: the promise is rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is to be drawn for a prompt. */
export function optionsOf({ samples, maxTokens }: SamplePrompt, options: SampleOptions): SampleOptions {
  return { ...options, samples: samples ?? options.samples, maxTokens: maxTokens ?? options.maxTokens };
}

export interface Sample {
  /** What was added, without prompt and stop text. */
  readonly text: string;
  readonly tokens: Int32Array | undefined;
  /** Of each token written, the one that ended the text included: nats, at temperature 1. `undefined` where the model does not tell. */
  readonly logProbabilities: readonly number[] | undefined;
  /** Tokens written, the one that ended the text included. */
  readonly tokenCount: number;
  readonly reason: EndReason;
}

/** What samples took. */
export interface Usage {
  /** Tokens of prompts that were read, once for all samples of each; not those that are remembered of earlier ones. */
  readonly read: number;
  /** Tokens of samples. */
  readonly written: number;
  /** Floating-point operations of the model; `undefined` where its size is not known. */
  readonly flops: number | undefined;
  readonly seconds: number;
}

export interface SampledPrompt {
  /** In the order of drawing. */
  readonly samples: readonly Sample[];
  readonly usage: Usage;
}

export interface Sampler {
  readonly name: string;
  /** Prompts that are worked on at the same time, where each is a call of its own; `undefined` where all share batches. */
  readonly concurrency?: number;
  /** The most tokens that the model can look at; no bound, where nothing is said. */
  readonly context?: number | undefined;
  /** Whether the model follows instructions, so that it can be asked anything; no, where nothing is said. */
  readonly followsInstructions?: boolean;
  /** Goes on from each prompt `samples` times. @throws ThinkError where the model cannot be had */
  generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]>;
  /** Tokens of a text; an estimate where the model's tokens are not known. */
  countTokens(text: string): number;
  /** Floating-point operations of reading so many tokens once and writing `samples` times so many after them. */
  flops(read: number, written: number, samples: number): number | undefined;
  /** Forgets prompts and samples of before, where it remembers any, so that what follows costs what it costs by itself. */
  forget?(): void;
  /** Frees what is held. */
  dispose(): Promise<void>;
}
