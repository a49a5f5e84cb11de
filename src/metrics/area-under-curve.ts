/**
 * The probability that one of `positive` is larger than one of `negative`, ties halved (Mann and Whitney 1947).
 *
 * @throws RangeError if a score is not a number
 */
export function areaUnderCurve(positive: readonly number[], negative: readonly number[]): number {
  const unordered = [...positive, ...negative].filter((score) => Number.isNaN(score)).length;
  if (unordered > 0) throw new RangeError(`Of ${positive.length + negative.length} scores ${unordered} are NaN, but numbers were expected, which have an order.`);
  const all = [...positive.map((score) => ({ score, is: 1 })), ...negative.map((score) => ({ score, is: 0 }))].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]?.score === all[from]?.score) to++;
    // Equal scores share the mean of their ranks, (from + 1 + to) / 2.
    for (let at = from; at < to; at++) rankSum += ((from + 1 + to) / 2) * (all[at]?.is ?? 0);
    from = to;
  }
  return (rankSum - (positive.length * (positive.length + 1)) / 2) / (positive.length * negative.length);
}
