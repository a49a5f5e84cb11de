import type { AlignmentLinks } from "../alignment/symmetrise.ts";

/** A phrase pair in a sentence pair: places `from` to `to − 1` of each side. */
export interface PhraseSpan {
  readonly sourceFrom: number;
  readonly sourceTo: number;
  readonly targetFrom: number;
  readonly targetTo: number;
}

/**
 * All phrase pairs of a sentence pair that agree with its alignment: at least one link lies inside, and no word inside is
 * linked to one outside (Och, Tillmann and Ney 1999; Koehn, Och and Marcu 2003, section 3.1). Words without a link at a
 * phrase's edges belong to it and do not, in turn.
 *
 * @param maximumLength words of each side
 */
export function* extractPhrases(links: AlignmentLinks, maximumLength: number): Generator<PhraseSpan> {
  const reach = reachesOf(links);
  for (let sourceFrom = 0; sourceFrom < links.sourceLength; sourceFrom++) {
    let [first, last] = [Infinity, -1];
    for (let sourceTo = sourceFrom + 1; sourceTo <= Math.min(links.sourceLength, sourceFrom + maximumLength); sourceTo++) {
      const [least = Infinity, most = -1] = reach.ofSource[sourceTo - 1] ?? [];
      [first, last] = [Math.min(first, least), Math.max(last, most)];
      if (last < 0) continue;
      if (last - first >= maximumLength) break;
      if (!linkedWithin(reach.ofTarget, first, last, sourceFrom, sourceTo)) continue;
      yield* withFreeEdges({ sourceFrom, sourceTo, targetFrom: first, targetTo: last + 1 }, reach.ofTarget, maximumLength);
    }
  }
}

/** The first and last place that a word is linked to; (∞, −1) where there is none. */
type Reach = readonly [first: number, last: number];

function reachesOf(links: AlignmentLinks): { ofSource: Reach[]; ofTarget: Reach[] } {
  const ofSource = Array.from({ length: links.sourceLength }, (): Reach => [Infinity, -1]);
  const ofTarget = Array.from({ length: links.targetLength }, (): Reach => [Infinity, -1]);
  const widen = (reaches: Reach[], at: number, place: number): void => {
    const [first, last] = reaches[at] ?? [Infinity, -1];
    reaches[at] = [Math.min(first, place), Math.max(last, place)];
  };
  for (const [source, target] of links) {
    widen(ofSource, source, target);
    widen(ofTarget, target, source);
  }
  return { ofSource, ofTarget };
}

/** Whether the target words from `first` to `last` are linked to nothing outside the source words. */
function linkedWithin(ofTarget: readonly Reach[], first: number, last: number, sourceFrom: number, sourceTo: number): boolean {
  for (let target = first; target <= last; target++) {
    const [least, most] = ofTarget[target] ?? [Infinity, -1];
    if (least < sourceFrom || most >= sourceTo) return false;
  }
  return true;
}

/** A pair, and the same with target words that have no link added at either edge. */
function* withFreeEdges(span: PhraseSpan, ofTarget: readonly Reach[], maximumLength: number): Generator<PhraseSpan> {
  const isFree = (target: number): boolean => ofTarget[target]?.[1] === -1;
  for (let { targetFrom } = span; targetFrom === span.targetFrom || isFree(targetFrom); targetFrom--) {
    for (let { targetTo } = span; targetTo === span.targetTo || isFree(targetTo - 1); targetTo++) {
      if (targetTo - targetFrom > maximumLength) break;
      yield { ...span, targetFrom, targetTo };
    }
  }
}
