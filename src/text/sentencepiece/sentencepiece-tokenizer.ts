import type { SpecialIds } from "../special-tokens.ts";
import { VocabularyTokenizer } from "../vocabulary-tokenizer.ts";
import { BytePairSegmenter } from "./byte-pair-segmenter.ts";
import { readSentencePieceModel } from "./model-proto.ts";
import { BLANK, SentencePieceNormalizer } from "./normalizer.ts";
import type { Segmenter } from "./segmenter.ts";
import { UnigramSegmenter } from "./unigram-segmenter.ts";

export interface SentencePieceContents {
  /** The model, as `spm_train` writes it. */
  readonly model: Uint8Array;
  /** Names the model in errors. */
  readonly origin: string;
  /** Ids of pieces, which need not be the model's own: Marian's two models share a vocabulary. */
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly special: SpecialIds;
}

/**
 * Text to token ids and back by a SentencePiece model with a vocabulary beside it, as Marian's translators have them.
 *
 * A code such as ">>fra<<" at the beginning of a text, which tells a translator its language, is one token. What the
 * model does not know is looked up in the vocabulary as it stands, where another model may have put it, and else is
 * unknown. A text that spells a special token ("</s>") is encoded as ordinary text.
 */
export class SentencePieceTokenizer extends VocabularyTokenizer {
  /** The bytes of the model's file. */
  readonly model: Uint8Array;
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly #normalizer: SentencePieceNormalizer;
  readonly #segmenter: Segmenter;
  /** Ids of what texts may hold, which special tokens are not. */
  readonly #ordinary: Map<string, number>;
  /** Pieces that stand for no text. */
  readonly #controls: ReadonlySet<string>;

  /** @throws TokenizerError where the model cannot be read or applied, or ids have gaps */
  constructor({ model, origin, vocabulary, special }: SentencePieceContents) {
    super(new Map(Object.entries(vocabulary)), special);
    const parsed = readSentencePieceModel(model, origin);
    this.model = model;
    this.vocabulary = vocabulary;
    this.#normalizer = new SentencePieceNormalizer(parsed, origin);
    this.#segmenter = parsed.type === "unigram" ? new UnigramSegmenter(parsed.pieces) : new BytePairSegmenter(parsed.pieces);
    this.#controls = new Set(parsed.pieces.filter(({ type }) => type === "control").map(({ text }) => text));
    this.#ordinary = new Map(Object.entries(vocabulary));
    for (const id of Object.values(special) as number[]) this.#ordinary.delete(this.token(id));
  }

  override pieces(text: string): string[] {
    const [code] = /^>>.*?<</s.exec(text) ?? [];
    const pieces = this.#segmenter.segment(this.#normalizer.normalize(text.slice(code?.length ?? 0)));
    return code === undefined ? pieces : [code, ...pieces];
  }

  protected override idsOf(text: string): number[] {
    return this.pieces(text).map((piece) => this.#ordinary.get(piece) ?? this.unknownId);
  }

  protected override join(tokens: string[]): string {
    return tokens.filter((token) => !this.#controls.has(token)).join("").replaceAll(BLANK, " ").trim();
  }

  override hasVocabularyOf(other: VocabularyTokenizer): boolean {
    return other instanceof SentencePieceTokenizer && super.hasVocabularyOf(other) && Buffer.compare(this.model, other.model) === 0;
  }
}
