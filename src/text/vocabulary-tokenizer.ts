import type { SpecialIds } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";

/** Text to token ids and back; how a text is cut and how tokens are joined is left to the kinds. */
export abstract class VocabularyTokenizer {
  /** Vocabulary size, special tokens included; ids run from 0 to `size - 1`. */
  readonly size: number;
  /** Where a vocabulary's only special token ends a text (GPT-2's `<|endoftext|>`), that is all four of these. */
  readonly padId: number;
  readonly unknownId: number;
  readonly startId: number;
  readonly endId: number;
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws TokenizerError where the ids have gaps */
  constructor(ids: ReadonlyMap<string, number>, special: SpecialIds) {
    this.#ids = ids;
    this.#tokens = tokensInOrder(ids);
    this.size = this.#tokens.length;
    ({ pad: this.padId, unknown: this.unknownId, start: this.startId, end: this.endId } = special);
  }

  /** What a text is cut into before its parts are looked up in the vocabulary. */
  abstract pieces(text: string): string[];

  protected abstract idsOf(text: string): readonly number[];

  /** The text that tokens spell; at least one. */
  protected abstract join(tokens: string[]): string;

  /** Token ids of a text, without start and end tokens: int32 `[time]`. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.idsOf(text));
  }

  /** `encode` of each text, in order. */
  encodeBatch(texts: readonly string[]): Int32Array[] {
    return texts.map((text) => this.encode(text));
  }

  /**
   * The text of token ids. Pad, start and end tokens are left out wherever they stand; unknown tokens read `<unk>`.
   * Bytes that are not UTF-8 together, as a half-trained model may write, become U+FFFD.
   * @throws RangeError where an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>): string {
    const tokens: string[] = [];
    for (const id of Array.from(ids)) {
      const token = this.token(id);
      if (id !== this.padId && id !== this.startId && id !== this.endId) tokens.push(token);
    }
    return tokens.length === 0 ? "" : this.join(tokens);
  }

  /** The token with this id, as the vocabulary spells it. @throws RangeError where there is none. */
  token(id: number): string {
    const token = this.#tokens[id];
    if (token === undefined) {
      throw new RangeError(
        `Token id ${id} is not in this vocabulary; its ids are the whole numbers 0 to ${this.size - 1}.`,
      );
    }
    return token;
  }

  /** The id of a token as the vocabulary spells it, or `undefined` where there is none. */
  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** Whether both read and write the same tokens with the same ids. */
  hasVocabularyOf(other: VocabularyTokenizer): boolean {
    return this.size === other.size && this.#tokens.every((token, id) => token === other.#tokens[id]);
  }
}

function tokensInOrder(ids: ReadonlyMap<string, number>): string[] {
  const tokens: string[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  for (let id = 0; id < tokens.length; id++) {
    if (tokens[id] === undefined || tokens.length !== ids.size) {
      throw new TokenizerError(
        `The vocabulary of this tokenizer has ${ids.size} tokens but ids up to ${tokens.length - 1}. ` +
          `Each id from 0 upwards must belong to exactly one token.`,
      );
    }
  }
  return tokens;
}
