import type { TextVocabulary } from "./vocabulary.ts";

/** What stands for bytes that are no character. */
const REPLACEMENT = "\uFFFD";

/** Tokens before the first new one that its spelling may depend on. */
const LOOK_BACK = 8;

/**
 * The text of tokens that come one by one. Tokens that end within a character are held back until it is whole, and only
 * the last few are decoded again with each.
 */
export class GrowingText {
  readonly #vocabulary: TextVocabulary;
  readonly #tokens: number[];
  /** Tokens from here to `#told` have been told; those after them are decoded beside them, as their spelling may depend on them. */
  #anchor = 0;
  #told: number;

  /** `before`: the tokens that the text goes on from. */
  constructor(vocabulary: TextVocabulary, before: ArrayLike<number>) {
    this.#vocabulary = vocabulary;
    this.#tokens = Array.from(before).slice(-LOOK_BACK);
    this.#told = this.#tokens.length;
  }

  /** The text that the token completes; empty while a character is not whole. */
  push(token: number): string {
    this.#tokens.push(token);
    const added = this.#added();
    if (added === "" || added.endsWith(REPLACEMENT)) return "";
    this.#anchor = this.#told;
    this.#told = this.#tokens.length;
    return added;
  }

  /** Holds a token back, however whole what it completes. */
  hold(token: number): void {
    this.#tokens.push(token);
  }

  /** What was held back, as it stands. */
  finish(): string {
    const added = this.#added();
    this.#told = this.#tokens.length;
    return added;
  }

  #added(): string {
    const told = this.#vocabulary.decode(this.#tokens.slice(this.#anchor, this.#told));
    return this.#vocabulary.decode(this.#tokens.slice(this.#anchor)).slice(told.length);
  }
}
