import { ScheduleError } from "./schedule.ts";

/**
 * Cuts a row of costs into contiguous parts, each with at least one element, so that the largest part costs as little as
 * any cut allows. Of those cuts it is the one with the least sum of squared parts, which is the most even one.
 *
 *     balancedPartition([3, 1, 1, 5, 2], 3) // [0, 3, 4]: 5, 5, 2
 *
 * @returns the index at which each part starts
 * @throws ScheduleError where there are more parts than elements, or a cost is negative or not finite
 */
export function balancedPartition(costs: readonly number[], parts: number): number[] {
  const strange = costs.findIndex((cost) => !(cost >= 0 && cost < Infinity));
  if (strange >= 0) throw new ScheduleError(`Cost ${strange} of ${costs.length} is ${costs[strange]}; expected is a finite number of at least 0.`);
  if (!Number.isInteger(parts) || parts < 1 || parts > costs.length) {
    throw new ScheduleError(`${costs.length} units cannot be cut into ${parts} stages of at least one unit each; choose 1 to ${costs.length} stages.`);
  }
  const sums = new Float64Array(costs.length + 1);
  costs.forEach((cost, at) => { sums[at + 1] = (sums[at] ?? 0) + cost; });
  return mostEven(sums, parts, leastLargest(sums, parts));
}

/**
 * The largest part of the best cut, by dynamic programming over the parts: with k of them over the first i elements it is
 * the least, over the start j of the last, of max(best(k - 1, j), sum(j, i)). The first never falls with j and the second
 * never rises, so that the best j only moves right as i grows.
 */
function leastLargest(sums: Float64Array, parts: number): number {
  const count = sums.length - 1;
  let before = sums.slice();
  for (let part = 2; part <= parts; part++) {
    const best = new Float64Array(count + 1);
    let start = part - 1;
    for (let end = part; end <= count; end++) {
      const largest = (at: number): number => Math.max(before[at] ?? 0, (sums[end] ?? 0) - (sums[at] ?? 0));
      while (start + 1 < end && largest(start + 1) <= largest(start)) start++;
      best[end] = largest(start);
    }
    before = best;
  }
  return before[count] ?? 0;
}

/** Of the cuts with no part above `limit`, the one with the least sum of squares, again by dynamic programming. */
function mostEven(sums: Float64Array, parts: number, limit: number): number[] {
  const count = sums.length - 1;
  let before = new Float64Array(count + 1).fill(Infinity);
  before[0] = 0;
  const starts = Array.from({ length: parts + 1 }, () => new Int32Array(count + 1));
  for (let part = 1; part <= parts; part++) {
    const best = new Float64Array(count + 1).fill(Infinity);
    for (let end = part; end <= count - (parts - part); end++) {
      for (let start = end - 1; start >= part - 1; start--) {
        const sum = (sums[end] ?? 0) - (sums[start] ?? 0);
        if (sum > limit) break;
        const squares = (before[start] ?? Infinity) + sum * sum;
        if (squares >= (best[end] ?? Infinity)) continue;
        best[end] = squares;
        (starts[part] ?? new Int32Array())[end] = start;
      }
    }
    before = best;
  }
  const cut: number[] = [];
  for (let part = parts, end = count; part >= 1; part--) cut.unshift(end = starts[part]?.[end] ?? 0);
  return cut;
}
