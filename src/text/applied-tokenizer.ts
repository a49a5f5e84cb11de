import { pieceModel, type PieceModel } from "./piece-models.ts";
import { allTokens, type TokenizerFile } from "./tokenizer-file.ts";
import { VocabularyTokenizer } from "./vocabulary-tokenizer.ts";

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
export class AppliedTokenizer extends VocabularyTokenizer {
  protected readonly model: PieceModel;
  readonly #steps: TextSteps;

  /** @throws TokenizerError where the file's ids have gaps or its merges do not fit its vocabulary */
  constructor(file: TokenizerFile, steps: TextSteps) {
    super(allTokens(file), file.special);
    this.#steps = steps;
    this.model = pieceModel(file.model);
  }

  override pieces(text: string): string[] {
    return this.#steps.pieces(text);
  }

  protected override idsOf(text: string): readonly number[] {
    const ids: number[] = [];
    for (const piece of this.#steps.pieces(text)) this.model.append(piece, ids);
    return ids;
  }

  protected override join(tokens: string[]): string {
    return this.#steps.join(tokens);
  }
}
