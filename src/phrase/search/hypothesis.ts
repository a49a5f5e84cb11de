import type { TranslationOption } from "./translation-options.ts";

/** A way into a hypothesis: the one before it, what was appended, and what that added to the score. */
export interface Arc {
  readonly previous: Hypothesis;
  readonly option: TranslationOption;
  readonly added: number;
}

/** A partial translation. Those that are alike to every continuation are one; all ways into it are kept for n-best lists. */
export interface Hypothesis {
  /** The first source place that is not covered. */
  readonly firstGap: number;
  /** Bit k: whether the place firstGap + 1 + k is covered. */
  readonly covered: number;
  /** The state of the language model. */
  readonly state: number;
  /** What was appended last; undefined at the beginning. */
  readonly last: TranslationOption | undefined;
  /** Weighted score of the best way here. */
  readonly score: number;
  /** `score` and the estimate of what is not covered. */
  readonly total: number;
  /** All ways here. */
  readonly arcs: Arc[];
}

/** Where the source place after the last phrase is. */
export function endOf({ last }: Hypothesis): number {
  return last?.to ?? 0;
}

export interface Coverage {
  readonly firstGap: number;
  readonly covered: number;
}

/** The widest reordering: what fits into the bits of a coverage. */
export const WIDEST_REORDERING = 24;

/**
 * The coverage with the places `from` to `to − 1` added, or undefined where one of them is covered, or the reordering limit
 * does not allow to go there from `end` and from there back to the first gap.
 */
export function extended({ firstGap, covered }: Coverage, end: number, from: number, to: number, limit: number): Coverage | undefined {
  if (from < firstGap || Math.abs(from - end) > limit) return undefined;
  if (from !== firstGap && to - firstGap > limit) return undefined;
  // Beyond the first gap only places within the limit can be covered; a phrase may reach past them.
  const free = to - firstGap > WIDEST_REORDERING + 1 ? WIDEST_REORDERING + 1 : to - firstGap;
  const mask = free <= 0 ? 0 : ((1 << free) - 1) & ~((1 << (from - firstGap)) - 1);
  const current = covered << 1; // bit k: the place firstGap + k
  if ((current & mask) !== 0) return undefined;
  if (from !== firstGap) return { firstGap, covered: (current | mask) >>> 1 };
  let [gap, rest] = [to, to - firstGap > WIDEST_REORDERING + 1 ? 0 : current >>> (to - firstGap)];
  for (; (rest & 1) === 1; rest >>>= 1) gap++;
  return { firstGap: gap, covered: rest >>> 1 };
}
