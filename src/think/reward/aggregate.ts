export const aggregations = ["min", "product", "last"] as const;

/** How the scores of an attempt's steps make one (Lightman et al. 2023, appendix F; Snell et al. 2024, section 5.1). */
export type Aggregation = (typeof aggregations)[number];

/** @param scores of the steps in their order, from 0 to 1. @throws RangeError where there are none */
export function aggregate(scores: readonly number[], how: Aggregation): number {
  const last = scores.at(-1);
  if (last === undefined) throw new RangeError("An attempt without a step has no scores to make one of.");
  switch (how) {
    case "min":
      return Math.min(...scores);
    case "product":
      return scores.reduce((product, score) => product * score, 1);
    case "last":
      return last;
    default:
      return how satisfies never;
  }
}
