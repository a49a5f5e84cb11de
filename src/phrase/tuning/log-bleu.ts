/** Orders of n-grams. */
const ORDERS = 4;

/**
 * log BLEU without smoothing of totals as `bleuStatistics` lays them out (Papineni et al. 2002, section 2.3): hypothesis length,
 * reference length, matches of order 1 to 4, n-grams of order 1 to 4. −∞ where an order has no match.
 */
export function logBleu(totals: Float64Array): number {
  const [length = 0, referenceLength = 0] = totals;
  let sum = Math.min(0, 1 - referenceLength / length) * ORDERS;
  for (let order = 0; order < ORDERS; order++) sum += Math.log((totals[2 + order] ?? 0) / (totals[2 + ORDERS + order] ?? 0));
  return length > 0 ? sum / ORDERS : -Infinity;
}
