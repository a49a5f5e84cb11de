import { pieceModel, type PieceModel } from "./piece-models.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import { allTokens, type TokenizerFile } from "./tokenizer-file.ts";

/** What a tokenizer does before its model, which turns pieces into tokens, and after it. */
export interface TextSteps {
  /** Normalises a text and cuts it. */
  pieces(text: string): string[];
  /** The text that tokens spell. */
  join(tokens: string[]): string;
}

/**
 * Text to token ids and back by a tokenizer.json, whose model is applied here; who carries out the steps around the
 * model is left open, so that it can be a package for Node or one for browsers.
 *
 * A text that spells a special token ("</s>") is encoded as ordinary text, as other tools do when their
 * `encode_special_tokens` is set.
 */
export class AppliedTokenizer {
  /** Vocabulary size, special tokens included; ids run from 0 to `size - 1`. */
  readonly size: number;
  /** Where a vocabulary's only special token ends a text (GPT-2's `<|endoftext|>`), that is all four of these. */
  readonly padId: number;
  readonly unknownId: number;
  readonly startId: number;
  readonly endId: number;
  protected readonly model: PieceModel;
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #steps: TextSteps;

  /** @throws TokenizerError where the file's ids have gaps or its merges do not fit its vocabulary */
  constructor(file: TokenizerFile, steps: TextSteps) {
    this.#steps = steps;
    this.#ids = allTokens(file);
    this.#tokens = tokensInOrder(this.#ids);
    this.size = this.#tokens.length;
    ({ pad: this.padId, unknown: this.unknownId, start: this.startId, end: this.endId } = file.special);
    this.model = pieceModel(file.model);
  }

  /** Token ids of a text, without start and end tokens: int32 `[time]`. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.idsOf(text));
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
    return tokens.length === 0 ? "" : this.#steps.join(tokens);
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

  protected idsOf(text: string): readonly number[] {
    const ids: number[] = [];
    for (const piece of this.#steps.pieces(text)) this.model.append(piece, ids);
    return ids;
  }
}

function tokensInOrder(ids: ReadonlyMap<string, number>): string[] {
  const tokens: string[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  for (let id = 0; id < tokens.length; id++) {
    if (tokens[id] === undefined || tokens.length !== ids.size) {
      throw new TokenizerError(
        `The vocabulary of this tokenizer.json has ${ids.size} tokens but ids up to ${tokens.length - 1}. ` +
          `Each id from 0 upwards must belong to exactly one token.`,
      );
    }
  }
  return tokens;
}
