/** Counts of n-grams. */

/** How often each n-gram occurs. */
export type NgramCounts = Map<string, number>;

/**
 * Counts the n-grams of one order.
 *
 * @param items tokens or characters
 * @param separator what stands between the items of an n-gram in its key; must not occur inside an item
 */
export function countNgrams(items: readonly string[], order: number, separator: string): NgramCounts {
  const counts: NgramCounts = new Map();
  for (let start = 0; start + order <= items.length; start++) {
    const key = items.slice(start, start + order).join(separator);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The number of all n-grams counted. */
export function totalCount(counts: NgramCounts): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** The size of the intersection of two multisets of n-grams. */
export function commonCount(left: NgramCounts, right: NgramCounts): number {
  let common = 0;
  for (const [key, count] of left) common += Math.min(count, right.get(key) ?? 0);
  return common;
}

/** For each n-gram the highest of its counts. */
export function maximumCounts(all: readonly NgramCounts[]): NgramCounts {
  const highest: NgramCounts = new Map();
  for (const counts of all) {
    for (const [key, count] of counts) highest.set(key, Math.max(count, highest.get(key) ?? 0));
  }
  return highest;
}
