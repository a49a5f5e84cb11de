import { z } from "zod";
import { jsonValue } from "../../data/json-value.ts";
import { ThinkError } from "../think-error.ts";
import { beforeStop, callForEach, CallSlots, CONCURRENCY, estimateTokens, PassingFailure, remoteFlops, withRetries, type RemoteOptions } from "./remote-calls.ts";
import { optionsOf, type Sample, type SampledPrompt, type SampleOptions, type SamplePrompt, type Sampler } from "./sampler.ts";

export interface EndpointOptions extends RemoteOptions {
  /** Such as `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  /** As the endpoint calls it. */
  readonly model: string;
  readonly apiKey?: string | undefined;
  /**
   * `chat` (the default) asks as a user does; what stands written of an answer goes along as the beginning of the
   * assistant's message, which not every endpoint goes on from. `completions` goes on from plain text.
   */
  readonly kind?: "chat" | "completions";
}

type LimitName = "max_tokens" | "max_completion_tokens";

const tokenSchema = z.object({ token: z.string().optional(), logprob: z.number() });
const choiceSchema = z.object({
  text: z.string().optional(),
  message: z.object({ content: z.string().nullish() }).optional(),
  finish_reason: z.string().nullish(),
  logprobs: z.object({
    content: z.array(tokenSchema).nullish(),
    tokens: z.array(z.string()).nullish(),
    token_logprobs: z.array(z.number().nullable()).nullish(),
  }).nullish(),
});
const answerSchema = z.object({
  choices: z.array(choiceSchema).min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});
type Answer = z.output<typeof answerSchema>;

/** Answers that are worth asking again for: overload, and what servers in between say. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** Samples of a model behind an endpoint that speaks OpenAI's protocol, as vLLM, llama.cpp, Ollama and others do. */
export class EndpointSampler implements Sampler {
  readonly name: string;
  readonly #slots: CallSlots;
  /** What the endpoint calls the most tokens of an answer: OpenAI's newer models know the second name alone. */
  #limitName: LimitName = "max_tokens";

  constructor(private readonly options: EndpointOptions) {
    this.name = `${options.model} at ${options.url}`;
    this.#slots = new CallSlots(options.concurrency ?? CONCURRENCY);
  }

  get concurrency(): number {
    return this.#slots.count;
  }

  get followsInstructions(): boolean {
    return (this.options.kind ?? "chat") === "chat";
  }

  generate(prompts: readonly SamplePrompt[], options: SampleOptions): Promise<SampledPrompt[]> {
    return callForEach(prompts, options.signal, (prompt, signal) => this.#slots.run(() => this.#generateOne(prompt, { ...optionsOf(prompt, options), signal })));
  }

  countTokens(text: string): number {
    return estimateTokens(text);
  }

  flops(read: number, written: number, samples: number): number | undefined {
    return remoteFlops(this.options.parameters, read, samples * written);
  }

  async dispose(): Promise<void> {
    // Nothing is held between calls.
  }

  async #generateOne(prompt: SamplePrompt, options: SampleOptions): Promise<SampledPrompt> {
    const start = performance.now();
    const samples: Sample[] = [];
    let [read, written] = [0, 0];
    // Some endpoints give one answer however many are asked for.
    while (samples.length < options.samples) {
      const answer = await this.#ask(prompt, { ...options, samples: options.samples - samples.length }, samples.length);
      const drawn = textsOf(answer);
      samples.push(...drawn.map((text) => sampleOf(text, options.stop ?? [])));
      read += answer.usage?.prompt_tokens ?? estimateTokens(prompt.prompt + (prompt.written ?? ""));
      written += Math.max(answer.usage?.completion_tokens ?? 0, drawn.reduce((sum, { tokenCount }) => sum + tokenCount, 0));
    }
    const usage = { read, written, flops: remoteFlops(this.options.parameters, read, written), seconds: (performance.now() - start) / 1000 };
    return { samples: samples.slice(0, options.samples), usage };
  }

  #ask(prompt: SamplePrompt, options: SampleOptions, earlier: number): Promise<Answer> {
    const { url, kind = "chat", apiKey } = this.options;
    const address = `${url.replace(/\/+$/, "")}/${kind === "chat" ? "chat/completions" : "completions"}`;
    const headers = { "content-type": "application/json", ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) };
    return withRetries(this.name, async (signal) => {
      const send = (limitName: LimitName): Promise<Reply> => (
        post(address, { method: "POST", headers, body: JSON.stringify(this.#body(prompt, options, earlier, limitName)), signal }));
      const name = this.#limitName;
      const reply = await send(name);
      if (name === "max_completion_tokens" || reply.status !== 400 || !reply.text.includes("max_completion_tokens")) return readAnswer(this.name, reply);
      this.#limitName = "max_completion_tokens";
      return readAnswer(this.name, await send(this.#limitName));
    }, this.options, options.signal);
  }

  #body({ prompt, written = "", instruction, stream }: SamplePrompt, { samples, temperature, maxTokens, seed }: SampleOptions, earlier: number, limitName: LimitName): object {
    const { model, kind = "chat" } = this.options;
    const common = {
      model, n: samples, temperature, [limitName]: maxTokens,
      seed: (seed + stream + earlier) % 2 ** 31,
    };
    if (kind === "completions") return { ...common, prompt: prompt + written, logprobs: 0 };
    const messages = [
      ...(instruction === undefined ? [] : [{ role: "system", content: instruction }]), { role: "user", content: prompt },
      ...(written === "" ? [] : [{ role: "assistant", content: written }]),
    ];
    return { ...common, messages, logprobs: true };
  }
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends a request and reads the reply to its end. */
async function post(address: string, request: RequestInit): Promise<Reply> {
  let reached = false;
  try {
    const response = await fetch(address, request);
    reached = true;
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if (request.signal?.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    if (cause === "bad port") throw new ThinkError(`${address} has a port that browsers and fetch refuse to use (https://fetch.spec.whatwg.org/#port-blocking); let the endpoint listen at another.`);
    throw new PassingFailure(`${reached ? "broke off in the middle of its answer" : "could not be reached"} (${cause})`);
  }
}

function readAnswer(name: string, { status, headers, text }: Reply): Answer {
  if (PASSING.has(status)) throw new PassingFailure(`answered ${status}${reasonIn(text)}`, waitIn(headers));
  if (status < 200 || status > 299) throw new ThinkError(`${name} refused the request with ${status}${reasonIn(text) || ", without a reason"}.`);
  const parsed = answerSchema.safeParse(jsonValue(text));
  if (!parsed.success) throw new ThinkError(`${name} answered something else than OpenAI's protocol says: ${text.slice(0, 120)}; check its address.`);
  return parsed.data;
}

const errorSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]) });

/** What an answer says of an error: the protocol's message, or the beginning of what else it says. */
function reasonIn(text: string): string {
  const { data } = errorSchema.safeParse(jsonValue(text));
  const reason = (data?.error ?? text.slice(0, 300)).trim().replace(/\.$/, "");
  return reason === "" ? "" : `: ${reason}`;
}

/** How long to wait, milliseconds: "Retry-After" is a number of seconds or a date (RFC 9110, section 10.2.3). */
function waitIn(headers: Headers): number | undefined {
  const after = headers.get("retry-after") ?? "";
  const wait = /^\d+(\.\d+)?$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** A text as it came, with what came after stop texts. */
interface AnsweredText {
  readonly text: string;
  readonly logProbabilities: readonly number[] | undefined;
  /** The texts of its tokens, where they are told. */
  readonly tokens: readonly string[] | undefined;
  readonly tokenCount: number;
  readonly isCut: boolean;
}

function textsOf({ choices, usage }: Answer): AnsweredText[] {
  return choices.map(({ text: plain, message, finish_reason: reason, logprobs }) => {
    const text = plain ?? message?.content ?? "";
    const logProbabilities = logprobs?.content?.map(({ logprob }) => logprob) ?? logprobs?.token_logprobs?.map((each) => each ?? 0);
    const tokens = logprobs?.content?.flatMap(({ token }) => token ?? []) ?? logprobs?.tokens ?? undefined;
    const share = usage == null ? estimateTokens(text) : Math.round(usage.completion_tokens / choices.length);
    return {
      text, logProbabilities, tokens: tokens?.length === logProbabilities?.length ? tokens : undefined,
      tokenCount: Math.max(1, logProbabilities?.length ?? share), isCut: reason === "length",
    };
  });
}

function sampleOf({ text, tokens, logProbabilities, tokenCount, isCut }: AnsweredText, stop: readonly string[]): Sample {
  const { kept, isStopped } = beforeStop(text, stop);
  if (!isStopped) return { text, tokens: undefined, logProbabilities, tokenCount, reason: isCut ? "length" : "end" };
  const count = tokens === undefined ? Math.max(1, Math.round((tokenCount * kept.length) / text.length)) : tokensThrough(tokens, kept.length);
  return { text: kept, tokens: undefined, logProbabilities: tokens && logProbabilities?.slice(0, count), tokenCount: count, reason: "stop" };
}

/** How many tokens there are up to the one that has the character at a place. */
function tokensThrough(tokens: readonly string[], place: number): number {
  let length = 0;
  const last = tokens.findIndex((token) => (length += token.length) > place);
  return last < 0 ? tokens.length : last + 1;
}
