import type { ConstrainedTokens } from "./constraint/constrained-tokens.ts";
import type { AllowedTokens, TokenMasks } from "./constraint/token-masks.ts";
import { GrowingText } from "./growing-text.ts";
import { ofPrompt, type EndReason, type TextEvent, type TextGenerationOptions, type WrittenToken } from "./generation-options.ts";
import { StopText } from "./stop-text.ts";
import type { TokenHistory } from "./token-choice.ts";
import type { TextVocabulary } from "./vocabulary.ts";

/** What the texts of one generation share. */
export interface RowSettings {
  readonly vocabulary: TextVocabulary;
  readonly options: TextGenerationOptions;
  /** Tokens that end a text. */
  readonly ends: ReadonlySet<number>;
  readonly constrained: ConstrainedTokens | undefined;
  /** Whether its text is wanted with each token; else all of it comes with the last. */
  readonly streams: boolean;
}

/** One text while it is written. */
export class TextRow {
  /** The tokens that the model looks at: prompt and text, or, after sliding, the end of these. */
  readonly seen: number[];
  /** The most new tokens. */
  readonly limit: number;
  /** How many new tokens it has. */
  count = 0;
  readonly #settings: RowSettings;
  readonly #written = new Map<number, number>();
  readonly #occurred: Set<number>;
  readonly #text: GrowingText;
  readonly #stop: StopText;
  readonly #masks: ((place: number) => TokenMasks) | undefined;
  /** Of the constraint's automaton. */
  #state = 0;
  #reason: EndReason | undefined;

  constructor(readonly prompt: number, readonly sample: number, tokens: readonly number[], settings: RowSettings) {
    this.seen = [...tokens];
    this.limit = ofPrompt(settings.options.maxTokens, prompt, 256);
    this.#settings = settings;
    this.#occurred = new Set(tokens);
    this.#text = new GrowingText(settings.vocabulary, tokens);
    this.#stop = new StopText(settings.options.stop ?? []);
    this.#masks = settings.constrained?.after(tokens);
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  get history(): TokenHistory {
    return { written: this.#written, occurred: this.#occurred };
  }

  /** What may be written next under the constraint. */
  get allowed(): AllowedTokens | undefined {
    return this.#masks?.(this.count).allowed(this.#state);
  }

  /** Adds a token; `full` tells whether the model can look at no more. */
  write(details: WrittenToken, full: boolean): TextEvent {
    const { token } = details;
    const { ends, options: { stopTokens = [] } } = this.#settings;
    const masks = this.#masks?.(this.count);
    this.count++;
    if (ends.has(token)) return this.#end(stopTokens.includes(token) ? "stop" : "end", "", details);
    this.seen.push(token);
    this.#written.set(token, (this.#written.get(token) ?? 0) + 1);
    this.#occurred.add(token);
    const text = this.#push(token);
    if (this.#stop.found) return this.#end("stop", text, details);
    if (masks !== undefined) this.#state = masks.next(this.#state, token);
    if (this.allowed?.tokens.length === 0) return this.#end("complete", text, details);
    if (this.count >= this.limit) return this.#end("length", text, details);
    return full ? this.#end("context", text, details) : this.#event(text, details);
  }

  /** Ends the text where the constraint lets it, without a token for the end. */
  complete(): TextEvent {
    return this.#end("complete", "", undefined);
  }

  /** At the context, goes on from the last half of what the model can look at. */
  slide(context: number): void {
    if (this.seen.length > context) this.seen.splice(0, this.seen.length - Math.max(1, Math.floor(context / 2)));
  }

  /** The text that a token completes, as far as it is wanted now. */
  #push(token: number): string {
    if (this.#settings.streams || this.#stop.any) return this.#stop.push(this.#text.push(token));
    this.#text.hold(token);
    return "";
  }

  #end(reason: EndReason, text: string, details: WrittenToken | undefined): TextEvent {
    this.#reason = reason;
    const rest = this.#stop.found ? "" : this.#stop.push(this.#text.finish());
    if (this.#stop.found) this.#reason = "stop";
    return this.#event(text + rest + this.#stop.finish(), details);
  }

  #event(text: string, token: WrittenToken | undefined): TextEvent {
    return { prompt: this.prompt, sample: this.sample, text, token, reason: this.#reason };
  }
}
