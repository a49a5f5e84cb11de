import { readFile } from "node:fs/promises";
import { Tokenizer as Binding } from "tokenizers";
import { pieceModel, type PieceModel } from "./piece-models.ts";
import { END_ID, PAD_ID, START_ID, UNKNOWN_ID } from "./special-tokens.ts";
import { TextPieces } from "./text-pieces.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import { isWordwise, messageOf, parseTokenizerFile } from "./tokenizer-file.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";
import { trainBytePairs } from "./train-byte-pairs.ts";
import { trainVocabulary } from "./train-vocabulary.ts";

/** Words between single spaces, with no other white space, control or format character between or within them. */
const PLAIN_WORDS = /^[^\s\p{Cc}\p{Cf}]+(?: [^\s\p{Cc}\p{Cf}]+)*$/u;

/** Distinct words whose tokens are remembered; about 20 MB when full. */
const CACHED_WORDS = 1 << 17;

/**
 * Text to token ids and back. Its saved form is a Hugging Face tokenizer.json, which other tools load.
 *
 *     const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 8000, lowercase: false }, texts);
 *     tokenizer.decode(tokenizer.encode("A man is sleeping.")); // "A man is sleeping."
 *
 * A text that spells a special token ("</s>") is encoded as ordinary text, as other tools do when their
 * `encode_special_tokens` is set.
 */
export class Tokenizer {
  /** Vocabulary size, special tokens included; ids run from 0 to `size - 1`. */
  readonly size: number;
  readonly padId = PAD_ID;
  readonly unknownId = UNKNOWN_ID;
  readonly startId = START_ID;
  readonly endId = END_ID;
  readonly #json: string;
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pieces: TextPieces;
  readonly #model: PieceModel;
  readonly #decoder: ReturnType<Binding["getDecoder"]>;
  readonly #wordwise: boolean;
  readonly #cache = new Map<string, readonly number[]>();

  private constructor(json: string) {
    const file = parseTokenizerFile(json);
    const binding = bind(json);
    this.#json = json;
    this.#ids = new Map(Object.entries(file.model.vocab));
    this.#tokens = tokensInOrder(this.#ids);
    this.size = this.#tokens.length;
    this.#pieces = new TextPieces(binding);
    this.#model = pieceModel(file.model);
    this.#decoder = binding.getDecoder();
    this.#wordwise = isWordwise(file);
  }

  /**
   * Learns a vocabulary from texts. The same texts and spec give the same tokenizer.
   * @throws TokenizerError where the texts are too few for the spec, or the spec's numbers make no sense.
   */
  static async train(spec: TokenizerSpec, texts: Iterable<string>): Promise<Tokenizer> {
    if (typeof texts === "string") {
      throw new TypeError("Tokenizer.train was given one string; give an array (or other iterable) of texts.");
    }
    const file = spec.kind === "bpe" ? await trainBytePairs(spec, texts) : trainVocabulary(spec, texts);
    return Tokenizer.parse(JSON.stringify(file));
  }

  /**
   * Reads the text of a tokenizer.json.
   * @throws TokenizerError where it is not JSON, not of a supported kind, or its special tokens are not ids 0 to 3.
   */
  static parse(json: string): Tokenizer {
    return new Tokenizer(json);
  }

  /** Reads a tokenizer.json file. @throws TokenizerError as `parse` does, with the file's name. */
  static async load(file: string): Promise<Tokenizer> {
    let json: string;
    try {
      json = await readFile(file, "utf8");
    } catch (error) {
      throw new TokenizerError(`The tokenizer file ${file} cannot be read: ${messageOf(error)}.`);
    }
    try {
      return Tokenizer.parse(json);
    } catch (error) {
      throw new TokenizerError(`${file}: ${messageOf(error)}`);
    }
  }

  /** The text of a Hugging Face tokenizer.json. */
  toJson(): string {
    return this.#json;
  }

  /** Token ids of a text, without start and end tokens: int32 `[time]`. */
  encode(text: string): Int32Array {
    return Int32Array.from(this.#encode(text));
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
      if (id !== PAD_ID && id !== START_ID && id !== END_ID) tokens.push(token);
    }
    if (tokens.length === 0) return "";
    return this.#decoder === null ? tokens.join(" ") : this.#decoder.decode(tokens);
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

  #encode(text: string): readonly number[] {
    if (!this.#wordwise || !PLAIN_WORDS.test(text)) return this.#encodeWhole(text);
    const ids: number[] = [];
    for (const word of text.split(" ")) for (const id of this.#encodeWord(word)) ids.push(id);
    return ids;
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = this.#encodeWhole(word);
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, ids);
    return ids;
  }

  #encodeWhole(text: string): readonly number[] {
    const ids: number[] = [];
    for (const piece of this.#pieces.of(text)) this.#model.append(piece, ids);
    return ids;
  }
}

function bind(json: string): Binding {
  try {
    return Binding.fromString(json);
  } catch (error) {
    throw new TokenizerError(`The tokenizers package refuses this tokenizer.json: ${messageOf(error)}.`);
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
