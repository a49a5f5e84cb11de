import { mergeSymbols, NO_MERGE, type MergeTable } from "../merge-symbols.ts";
import type { Piece } from "./model-proto.ts";
import { cutAt, type Segmenter } from "./segmenter.ts";

/**
 * Byte-pair encoding as SentencePiece has it: of all neighbours whose union is a piece, those are joined first whose union
 * has the highest score, whichever two they are.
 */
export class BytePairSegmenter implements Segmenter {
  /** Pieces, best first, with their ranks. */
  readonly #ranked: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  /** Pieces that users defined, longest first, which are found before all others and not joined with any. */
  readonly #kept: readonly string[];

  constructor(pieces: readonly Piece[]) {
    const normal = pieces.filter(({ type }) => type === "normal");
    this.#ranked = normal.sort((a, b) => b.score - a.score).map(({ text }) => text);
    this.#ranks = new Map(this.#ranked.map((text, rank) => [text, rank]));
    this.#kept = pieces.filter(({ type }) => type === "user-defined").map(({ text }) => text).sort((a, b) => b.length - a.length);
  }

  segment(text: string): string[] {
    const symbols = new SymbolTable(this.#ranked, this.#ranks);
    const given: number[] = [];
    for (let at = 0; at < text.length;) {
      const kept = this.#kept.find((piece) => text.startsWith(piece, at));
      const symbol = kept ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
      given.push(symbols.idOf(symbol, kept !== undefined));
      at += symbol.length;
    }
    const merged = mergeSymbols(given, symbols);
    let end = 0;
    const bounds = [0, ...merged.map((symbol) => (end += symbols.textOf(symbol).length))];
    return cutAt(text, bounds, (part) => symbols.isKnown(merged[part] ?? 0));
  }
}

/** Symbols of one text: pieces by rank, then what the text holds beside them. */
class SymbolTable implements MergeTable {
  readonly #ranked: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #others: { readonly text: string; readonly kept: boolean }[] = [];

  constructor(ranked: readonly string[], ranks: ReadonlyMap<string, number>) {
    this.#ranked = ranked;
    this.#ranks = ranks;
  }

  idOf(text: string, kept: boolean): number {
    const rank = kept ? undefined : this.#ranks.get(text);
    return rank ?? this.#ranked.length + this.#others.push({ text, kept }) - 1;
  }

  textOf(symbol: number): string {
    return this.#ranked[symbol] ?? this.#others[symbol - this.#ranked.length]?.text ?? "";
  }

  isKnown(symbol: number): boolean {
    return symbol < this.#ranked.length || this.#isKept(symbol);
  }

  rank(left: number, right: number): number {
    if (this.#isKept(left) || this.#isKept(right)) return NO_MERGE;
    return this.#ranks.get(this.textOf(left) + this.textOf(right)) ?? NO_MERGE;
  }

  merged(rank: number): number {
    return rank;
  }

  #isKept(symbol: number): boolean {
    return this.#others[symbol - this.#ranked.length]?.kept ?? false;
  }
}
