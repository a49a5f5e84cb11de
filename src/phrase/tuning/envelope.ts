/** A stretch of the line that is searched, from `from` up to the next stretch, on which one candidate scores best. */
export interface EnvelopePart {
  readonly from: number;
  readonly candidate: number;
}

/**
 * The candidates that score best as the weights go along a line: candidate k scores intercepts[k] + γ · slopes[k], and the
 * best of all of them is the upper envelope of these lines (Och 2003, section 5; Macherey et al. 2008, section 3).
 *
 * @returns from γ = −∞ on; of candidates that are equal everywhere the first
 */
export function upperEnvelope(intercepts: ArrayLike<number>, slopes: ArrayLike<number>): EnvelopePart[] {
  let current = flattest(intercepts, slopes);
  if (current < 0) return [];
  const parts: EnvelopePart[] = [{ from: -Infinity, candidate: current }];
  for (;;) {
    const [slope, intercept] = [slopes[current] ?? 0, intercepts[current] ?? 0];
    let [nearest, next] = [Infinity, -1];
    for (let k = 0; k < slopes.length; k++) {
      const rise = (slopes[k] ?? 0) - slope;
      if (rise <= 0) continue;
      const crossing = (intercept - (intercepts[k] ?? 0)) / rise;
      if (crossing < nearest || (crossing === nearest && (slopes[k] ?? 0) > (slopes[next] ?? 0))) [nearest, next] = [crossing, k];
    }
    if (next < 0) return parts;
    parts.push({ from: nearest, candidate: next });
    current = next;
  }
}

/** The line that is above all others far to the left. */
function flattest(intercepts: ArrayLike<number>, slopes: ArrayLike<number>): number {
  let best = -1;
  for (let k = 0; k < slopes.length; k++) {
    const [slope, least] = [slopes[k] ?? 0, slopes[best] ?? Infinity];
    if (slope < least || (slope === least && (intercepts[k] ?? 0) > (intercepts[best] ?? 0))) best = k;
  }
  return best;
}
