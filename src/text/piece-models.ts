import { mergeSymbols, NO_MERGE, type MergeTable } from "./merge-symbols.ts";
import { UNKNOWN_ID, SPECIAL_TOKENS } from "./special-tokens.ts";
import type { ModelSection } from "./tokenizer-file.ts";
import { TokenizerError } from "./tokenizer-error.ts";

/**
 * Turns one piece (a word, or what the pre-tokenizer cut) into token ids, appended to `ids`.
 *
 * The tokenizers package trains the models and does every other step, but offers this one only as a promise per text.
 * Applying a learned table takes few lines, stays synchronous, and lets words be cached; the tests hold it to the
 * package's own answer, id for id.
 */
export interface PieceModel {
  append(piece: string, ids: number[]): void;
}

/** `unknown` is the id of what the vocabulary lacks; without one, a byte-pair model leaves it out. */
export function pieceModel(model: ModelSection, unknown: number | undefined): PieceModel {
  return model.type === "WordLevel" ? new WordLevelModel(model.vocab) : new BytePairModel(model, unknown);
}

class WordLevelModel implements PieceModel {
  readonly #ids: Map<string, number>;

  constructor(vocabulary: Record<string, number>) {
    this.#ids = new Map(Object.entries(vocabulary));
    // A word of the text that happens to read "</s>" must not end the sequence.
    for (const token of SPECIAL_TOKENS) this.#ids.delete(token);
  }

  append(piece: string, ids: number[]): void {
    ids.push(this.#ids.get(piece) ?? UNKNOWN_ID);
  }
}

/** Byte-pair encoding: neighbours merged first in training are merged first (Sennrich et al. 2016, §3.2). */
class BytePairModel implements PieceModel, MergeTable {
  readonly #ids: Map<string, number>;
  readonly #unknown: number | undefined;
  readonly #size: number;
  /** left · size + right → the merge's rank; ids are below `size`. */
  readonly #ranks = new Map<number, number>();
  /** rank → the id of the merged token. */
  readonly #merged: Int32Array;

  constructor(model: Extract<ModelSection, { type: "BPE" }>, unknown: number | undefined) {
    this.#ids = new Map(Object.entries(model.vocab));
    this.#unknown = unknown;
    this.#size = this.#ids.size;
    this.#merged = new Int32Array(model.merges.length);
    model.merges.forEach(([left, right], rank) => {
      const merged = this.#ids.get(left + right);
      const key = this.#pair(this.#ids.get(left), this.#ids.get(right));
      if (merged === undefined || key === undefined) {
        throw new TokenizerError(
          `Merge ${rank + 1} of this tokenizer.json joins ${JSON.stringify(left)} and ${JSON.stringify(right)}, but ` +
            `the vocabulary lacks one of them or their union. The file is damaged: write it again from its tokenizer.`,
        );
      }
      this.#ranks.set(key, rank);
      this.#merged[rank] = merged;
    });
  }

  append(piece: string, ids: number[]): void {
    const symbols: number[] = [];
    for (const character of piece) {
      const id = this.#ids.get(character);
      if (id !== undefined) symbols.push(id);
      else if (this.#unknown !== undefined) symbols.push(this.#unknown);
    }
    const merged = this.#ranks.size > 0 ? mergeSymbols(symbols, this) : symbols;
    for (const id of merged) ids.push(id);
  }

  rank(left: number, right: number): number {
    return this.#ranks.get(left * this.#size + right) ?? NO_MERGE;
  }

  merged(rank: number): number {
    return this.#merged[rank] ?? NO_MERGE;
  }

  #pair(left: number | undefined, right: number | undefined): number | undefined {
    return left === undefined || right === undefined ? undefined : left * this.#size + right;
  }
}
