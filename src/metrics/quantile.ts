/** A quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan 1996). */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const left = sorted[below] ?? NaN;
  const right = sorted[below + 1] ?? left;
  const fraction = position - below;
  return fraction === 0 || left === right ? left : left + fraction * (right - left);
}

/** The middle share of some values, such as those of resamples; values that are not numbers are left out. */
export function percentileInterval(values: readonly number[], level: number): [low: number, high: number] {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)];
}
