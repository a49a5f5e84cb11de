import type { AlignmentLinks } from "../alignment/symmetrise.ts";
import { accumulate, grown } from "../arrays.ts";
import { ABSENT, PairIndex } from "../pair-index.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import type { PhraseSpan } from "./extract.ts";

/** Stands for no word at all: what words without a link are counted with. */
const NO_WORD = -1;

/**
 * w(t | s) and w(s | t) by relative frequency of the links of an aligned corpus, words without a link counted with the empty
 * word, and what they make of phrase pairs (Koehn, Och and Marcu 2003, section 4.1):
 *
 *     lex(t | s) = Π_j (1 / |{i : (i, j) ∈ a}|) Σ_{(i, j) ∈ a} w(t_j | s_i)
 */
export class LexicalWeights {
  readonly #links = new PairIndex();
  #counts = new Float64Array(1024);
  readonly #sourceTotals = new Map<number, number>();
  readonly #targetTotals = new Map<number, number>();

  constructor({ source, target }: SentencePairs, alignments: readonly AlignmentLinks[]) {
    alignments.forEach((links, at) => this.#count(source[at] ?? new Int32Array(), target[at] ?? new Int32Array(), links));
  }

  #count(source: Int32Array, target: Int32Array, links: AlignmentLinks): void {
    const [linkedSource, linkedTarget] = [new Uint8Array(source.length), new Uint8Array(target.length)];
    for (const [i, j] of links) {
      this.#add(source[i] ?? NO_WORD, target[j] ?? NO_WORD);
      linkedSource[i] = 1;
      linkedTarget[j] = 1;
    }
    source.forEach((word, i) => void (linkedSource[i] === 1 || this.#add(word, NO_WORD)));
    target.forEach((word, j) => void (linkedTarget[j] === 1 || this.#add(NO_WORD, word)));
  }

  #add(source: number, target: number): void {
    const link = this.#links.add(source, target);
    this.#counts = grown(this.#counts, link + 1);
    accumulate(this.#counts, link, 1);
    this.#sourceTotals.set(source, (this.#sourceTotals.get(source) ?? 0) + 1);
    this.#targetTotals.set(target, (this.#targetTotals.get(target) ?? 0) + 1);
  }

  /** w(t | s); the empty word is -1. */
  targetGivenSource(source: number, target: number): number {
    return this.#linkCount(source, target) / (this.#sourceTotals.get(source) ?? 1);
  }

  /** w(s | t); the empty word is -1. */
  sourceGivenTarget(source: number, target: number): number {
    return this.#linkCount(source, target) / (this.#targetTotals.get(target) ?? 1);
  }

  #linkCount(source: number, target: number): number {
    const link = this.#links.find(source, target);
    return link === ABSENT ? 0 : this.#counts[link] ?? 0;
  }

  /** lex(t | s) and lex(s | t) of a phrase pair where it stands. */
  of(source: Int32Array, target: Int32Array, links: AlignmentLinks, span: PhraseSpan): { readonly direct: number; readonly inverse: number } {
    const { sourceFrom, sourceTo, targetFrom, targetTo } = span;
    let [direct, inverse] = [1, 1];
    for (let j = targetFrom; j < targetTo; j++) {
      direct *= mean(sourceFrom, sourceTo, (i) => links.has(i, j), (i) => this.targetGivenSource(source[i] ?? NO_WORD, target[j] ?? NO_WORD));
    }
    for (let i = sourceFrom; i < sourceTo; i++) {
      inverse *= mean(targetFrom, targetTo, (j) => links.has(i, j), (j) => this.sourceGivenTarget(source[i] ?? NO_WORD, target[j] ?? NO_WORD));
    }
    return { direct, inverse };
  }
}

/** The mean of a word's weights over the words that it is linked to; that of the empty word where there is none. */
function mean(from: number, to: number, isLinked: (at: number) => boolean, weight: (at: number) => number): number {
  let [sum, linked] = [0, 0];
  for (let at = from; at < to; at++) {
    if (!isLinked(at)) continue;
    sum += weight(at);
    linked++;
  }
  return linked === 0 ? weight(NO_WORD) : sum / linked;
}
