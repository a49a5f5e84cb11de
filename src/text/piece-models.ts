import { mergeSymbols, NO_MERGE, type MergeTable } from "./merge-symbols.ts";
import { UNKNOWN_ID, SPECIAL_TOKENS } from "./special-tokens.ts";
import type { ModelSection } from "./tokenizer-file.ts";
import { TokenizerError } from "./tokenizer-error.ts";

const UTF8 = new TextEncoder();

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

export function pieceModel(model: ModelSection): PieceModel {
  return model.type === "WordLevel" ? new WordLevelModel(model.vocab) : new BytePairModel(model);
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
  /** The id of what the vocabulary lacks; without one, it is left out. */
  readonly #unknown: number | undefined;
  /** Ids of the tokens that spell bytes, where they spell what the vocabulary lacks. */
  readonly #bytes: readonly number[] | undefined;
  readonly #fusesUnknown: boolean;
  readonly #prefersWhole: boolean;
  readonly #size: number;
  /** left · size + right → the merge's rank; ids are below `size`. */
  readonly #ranks = new Map<number, number>();
  /** rank → the id of the merged token. */
  readonly #merged: Int32Array;

  constructor(model: Extract<ModelSection, { type: "BPE" }>) {
    this.#ids = new Map(Object.entries(model.vocab));
    this.#unknown = model.unk_token === null ? undefined : this.#ids.get(model.unk_token);
    this.#bytes = model.byte_fallback ? this.#byteIds() : undefined;
    this.#fusesUnknown = model.fuse_unk;
    this.#prefersWhole = model.ignore_merges;
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
    const whole = this.#prefersWhole ? this.#ids.get(piece) : undefined;
    if (whole !== undefined) {
      ids.push(whole);
      return;
    }
    const symbols: number[] = [];
    let afterUnknown = false;
    for (const character of piece) {
      const id = this.#ids.get(character);
      if (id !== undefined) symbols.push(id);
      else if (this.#bytes !== undefined) for (const byte of UTF8.encode(character)) symbols.push(this.#bytes[byte] ?? 0);
      else if (this.#unknown !== undefined && !(afterUnknown && this.#fusesUnknown)) symbols.push(this.#unknown);
      afterUnknown = id === undefined;
    }
    const merged = this.#ranks.size > 0 ? mergeSymbols(symbols, this) : symbols;
    for (const id of merged) ids.push(id);
  }

  #byteIds(): number[] {
    return Array.from({ length: 256 }, (_, byte) => {
      const token = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
      const id = this.#ids.get(token);
      if (id !== undefined) return id;
      throw new TokenizerError(`This tokenizer.json spells unknown characters by their bytes, but its vocabulary lacks ${token}. The file is damaged.`);
    });
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
