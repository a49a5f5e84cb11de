import type { AlignmentLinks } from "../alignment/symmetrise.ts";
import type { PhraseSpan } from "./extract.ts";

/** How a phrase stands to its neighbour in the target: its source follows the neighbour's, precedes it, or neither. */
export const MONOTONE = 0;
export const SWAP = 1;
export const DISCONTINUOUS = 2;

/** Orientations to the phrase before, then to the phrase after: monotone, swap, discontinuous of each. */
export const ORIENTATIONS = 6;

/** The orientation of a phrase to the word before it in the target, by the links of that word (Koehn et al. 2005, section 2). */
export function orientationToPrevious(links: AlignmentLinks, { sourceFrom, sourceTo, targetFrom }: PhraseSpan): number {
  if (targetFrom === 0) return sourceFrom === 0 ? MONOTONE : DISCONTINUOUS;
  if (sourceFrom > 0 && links.has(sourceFrom - 1, targetFrom - 1)) return MONOTONE;
  return sourceTo < links.sourceLength && links.has(sourceTo, targetFrom - 1) ? SWAP : DISCONTINUOUS;
}

/** The same to the word after it; the end of the sentence follows its last word. */
export function orientationToNext(links: AlignmentLinks, { sourceFrom, sourceTo, targetTo }: PhraseSpan): number {
  if (targetTo === links.targetLength) return sourceTo === links.sourceLength ? MONOTONE : DISCONTINUOUS;
  if (sourceTo < links.sourceLength && links.has(sourceTo, targetTo)) return MONOTONE;
  return sourceFrom > 0 && links.has(sourceFrom - 1, targetTo) ? SWAP : DISCONTINUOUS;
}
