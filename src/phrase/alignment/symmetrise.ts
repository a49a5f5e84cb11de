import type { Alignment } from "./alignment-model.ts";

/** How the alignments of both directions become one. */
export const symmetrisations = ["intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"] as const;
export type Symmetrisation = (typeof symmetrisations)[number];

/** Links between source and target words of a sentence pair, [source, target]: 1 where they are linked. */
export class AlignmentLinks {
  readonly #cells: Uint8Array;

  constructor(readonly sourceLength: number, readonly targetLength: number) {
    this.#cells = new Uint8Array(sourceLength * targetLength);
  }

  has(source: number, target: number): boolean {
    return this.#cells[source * this.targetLength + target] === 1;
  }

  add(source: number, target: number): void {
    this.#cells[source * this.targetLength + target] = 1;
  }

  /** Links by source place, then by target place. */
  *[Symbol.iterator](): Generator<readonly [source: number, target: number]> {
    for (let at = 0; at < this.#cells.length; at++) {
      if (this.#cells[at] === 1) yield [Math.floor(at / this.targetLength), at % this.targetLength];
    }
  }
}

/**
 * Joins two one-to-many alignments of a sentence pair (Och and Ney 2003, section 4; Koehn, Och and Marcu 2003, section 3.1).
 * `grow-diag` starts from the intersection and adds links of the union that touch a link, diagonally too, and link
 * a word that has none; `final` then adds links of either direction of which one word has none, `final-and` only those of
 * which both have none.
 *
 * @param forward for each target word the place of its source
 * @param backward for each source word the place of its target
 */
export function symmetrise(forward: Alignment, backward: Alignment, how: Symmetrisation): AlignmentLinks {
  const [sourceLength, targetLength] = [backward.length, forward.length];
  const forwards = directed(sourceLength, targetLength, [...forward.entries()].map(([target, source]) => [source, target]));
  const backwards = directed(sourceLength, targetLength, [...backward.entries()]);
  const union = directed(sourceLength, targetLength, [...forwards, ...backwards]);
  if (how === "union") return union;
  const links = directed(sourceLength, targetLength, [...forwards].filter(([source, target]) => backwards.has(source, target)));
  if (how === "intersection") return links;
  const linked = new LinkedWords(links);
  growDiagonally(linked, union);
  if (how === "grow-diag") return links;
  const joins = how === "grow-diag-final" ? Math.max : Math.min;
  for (const direction of [forwards, backwards]) {
    for (const [source, target] of direction) {
      if (joins(Number(!linked.source(source)), Number(!linked.target(target))) === 1) linked.add(source, target);
    }
  }
  return links;
}

const NEIGHBOURS = [[-1, 0], [0, -1], [1, 0], [0, 1], [-1, -1], [-1, 1], [1, -1], [1, 1]] as const;

/** Adds links of the union beside links, until none is left that links a word without a link. */
function growDiagonally(linked: LinkedWords, union: AlignmentLinks): void {
  for (let added = true; added;) {
    added = false;
    for (const [source, target] of [...linked.links]) {
      for (const [down, right] of NEIGHBOURS) {
        const [nextSource, nextTarget] = [source + down, target + right];
        if (nextSource < 0 || nextTarget < 0 || nextSource >= union.sourceLength || nextTarget >= union.targetLength) continue;
        if (linked.source(nextSource) && linked.target(nextTarget)) continue;
        if (!union.has(nextSource, nextTarget)) continue;
        linked.add(nextSource, nextTarget);
        added = true;
      }
    }
  }
}

/** Links, and which words have any. */
class LinkedWords {
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;

  constructor(readonly links: AlignmentLinks) {
    this.#source = new Uint8Array(links.sourceLength);
    this.#target = new Uint8Array(links.targetLength);
    for (const [source, target] of links) this.add(source, target);
  }

  source(place: number): boolean {
    return this.#source[place] === 1;
  }

  target(place: number): boolean {
    return this.#target[place] === 1;
  }

  add(source: number, target: number): void {
    this.links.add(source, target);
    this.#source[source] = 1;
    this.#target[target] = 1;
  }
}

/** Links without those to the empty word. */
function directed(sourceLength: number, targetLength: number, pairs: Iterable<readonly [number, number]>): AlignmentLinks {
  const links = new AlignmentLinks(sourceLength, targetLength);
  for (const [source, target] of pairs) if (source >= 0 && target >= 0) links.add(source, target);
  return links;
}
