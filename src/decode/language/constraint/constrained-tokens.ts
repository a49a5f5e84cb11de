import type { TextVocabulary } from "../vocabulary.ts";
import { ByteAutomaton } from "./byte-automaton.ts";
import type { TextConstraint } from "./text-constraint.ts";
import { tokenBytes } from "./token-bytes.ts";
import { TokenMasks } from "./token-masks.ts";

/** A constraint on the tokens of a vocabulary. */
export class ConstrainedTokens {
  readonly #automaton: ByteAutomaton;
  readonly #vocabulary: TextVocabulary;
  /** By the tokens that stand before. */
  readonly #masks = new Map<string, TokenMasks>();

  constructor(constraint: TextConstraint, vocabulary: TextVocabulary) {
    this.#automaton = new ByteAutomaton(constraint.automaton);
    this.#vocabulary = vocabulary;
  }

  /**
   * The masks of a text's first token, second, … after a prompt. The first may be spelled differently where no text
   * stands before it: Llama's tokenizers leave out a text's first space.
   */
  after(prompt: readonly number[]): (place: number) => TokenMasks {
    const within = this.#masksAfter(Array.from(this.#vocabulary.encode("a")));
    const first = this.#vocabulary.decode(prompt) === "" ? this.#masksAfter(prompt) : within;
    return (place) => (place === 0 ? first : within);
  }

  #masksAfter(tokens: readonly number[]): TokenMasks {
    const key = tokens.join();
    const known = this.#masks.get(key) ?? new TokenMasks(this.#automaton, tokenBytes(this.#vocabulary, tokens));
    this.#masks.set(key, known);
    return known;
  }
}
