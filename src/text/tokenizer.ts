import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer as Binding } from "tokenizers";
import { AppliedTokenizer, type TextSteps } from "./applied-tokenizer.ts";
import { ByteLevelPieces, spellBytes } from "./byte-level.ts";
import { readBytePairFolder } from "./byte-pair-folder.ts";
import type { SpecialIds } from "./special-tokens.ts";
import { TextPieces } from "./text-pieces.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import { messageOf, parseTokenizerFile } from "./tokenizer-file.ts";
import { byteLevelBeginning, isWordwise } from "./tokenizer-pipeline.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";
import { trainBytePairs } from "./train-byte-pairs.ts";
import { trainVocabulary } from "./train-vocabulary.ts";
import type { VocabularyTokenizer } from "./vocabulary-tokenizer.ts";

/** What a text of words between single spaces lacks: other white space, control and format characters. */
const IRREGULAR = /^ | $| {2}|[^\S ]|[\p{Cc}\p{Cf}]/u;

/** Distinct words whose tokens are remembered; about 20 MB when full. */
const CACHED_WORDS = 1 << 17;
/** The longest that are, in UTF-16 code units. */
const CACHED_LENGTH = 32;

/**
 * Text to token ids and back. Its saved form is a Hugging Face tokenizer.json, which other tools load.
 *
 *     const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 8000, lowercase: false }, texts);
 *     tokenizer.decode(tokenizer.encode("A man is sleeping.")); // "A man is sleeping."
 */
export class Tokenizer extends AppliedTokenizer {
  readonly #json: string;
  readonly #wordwise: boolean;
  readonly #byteLevel: { readonly pieces: ByteLevelPieces; readonly leadingBlank: boolean } | undefined;
  readonly #cache = new Map<string, readonly number[]>();

  private constructor(json: string, given?: Partial<SpecialIds>) {
    const file = parseTokenizerFile(json, given);
    const binding = bind(json);
    super(file, nativeSteps(binding));
    this.#json = json;
    this.#wordwise = isWordwise(file);
    const beginning = byteLevelBeginning(file);
    if (beginning !== undefined) this.#byteLevel = { pieces: new ByteLevelPieces(binding), leadingBlank: beginning === " " };
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
   * @param special ids of special tokens, where the model that goes with the file names them
   * @throws TokenizerError where it is not JSON, not of a supported kind, or has neither Decade's special tokens as
   * ids 0 to 3 nor a token that ends texts.
   */
  static parse(json: string, special?: Partial<SpecialIds>): Tokenizer {
    return new Tokenizer(json, special);
  }

  /**
   * Reads a tokenizer.json file, or a folder that holds one or the two files of a byte-pair model in the form of GPT-2
   * (`encoder.json` and `vocab.bpe`, or `vocab.json` and `merges.txt`).
   * @throws TokenizerError as `parse` does, with the file's name.
   */
  static async load(path: string, special?: Partial<SpecialIds>): Promise<Tokenizer> {
    const { file, json } = (await readBytePairFolder(path)) ?? (await readTokenizerFile(path));
    try {
      return Tokenizer.parse(json, special);
    } catch (error) {
      throw new TokenizerError(`${file}: ${messageOf(error)}`);
    }
  }

  /** The text of a Hugging Face tokenizer.json. */
  toJson(): string {
    return this.#json;
  }

  /** Whether both files are the same, so that texts are cut alike too. */
  override hasVocabularyOf(other: VocabularyTokenizer): boolean {
    return other instanceof Tokenizer && this.#json === other.#json;
  }

  /** As the base class, but a piece that comes again is looked up. */
  protected override idsOf(text: string): readonly number[] {
    const ids: number[] = [];
    const append = (tokens: readonly number[]): void => {
      for (const id of tokens) ids.push(id);
    };
    if (this.#byteLevel !== undefined) {
      const { pieces, leadingBlank } = this.#byteLevel;
      pieces.cut(pieces.normalize(text, leadingBlank), (piece) => append(this.#cached(piece, this.#encodeBytes)));
    } else if (this.#wordwise && text !== "" && !IRREGULAR.test(text)) {
      for (const word of text.split(" ")) append(this.#cached(word, this.#encodeWhole));
    } else {
      return super.idsOf(text);
    }
    return ids;
  }

  #cached(word: string, encode: (word: string) => readonly number[]): readonly number[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = encode(word);
    if (word.length > CACHED_LENGTH) return ids;
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    // A copy, for a slice would keep its whole text in memory.
    this.#cache.set(Buffer.from(word, "utf16le").toString("utf16le"), ids);
    return ids;
  }

  readonly #encodeBytes = (piece: string): readonly number[] => {
    const ids: number[] = [];
    this.model.append(spellBytes(piece), ids);
    return ids;
  };

  readonly #encodeWhole = (word: string): readonly number[] => super.idsOf(word);
}

async function readTokenizerFile(path: string): Promise<{ file: string; json: string }> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, "tokenizer.json") : path;
    return { file, json: await readFile(file, "utf8") };
  } catch (error) {
    throw new TokenizerError(`The tokenizer file ${path} cannot be read: ${messageOf(error)}.`);
  }
}

function bind(json: string): Binding {
  try {
    return Binding.fromString(json);
  } catch (error) {
    throw new TokenizerError(`The tokenizers package refuses this tokenizer.json: ${messageOf(error)}.`);
  }
}

function nativeSteps(binding: Binding): TextSteps {
  const pieces = new TextPieces(binding);
  const decoder = binding.getDecoder();
  return {
    pieces: (text) => pieces.of(text),
    join: (tokens) => (decoder === null ? tokens.join(" ") : decoder.decode(tokens)),
  };
}
