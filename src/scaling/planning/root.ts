/**
 * Where an increasing function passes through zero, by halving the interval until no number lies between its ends.
 *
 * @returns an end of the interval where the function does not change its sign in it; where it jumps, the place of the jump
 */
export function bisect(increasing: (x: number) => number, low: number, high: number): number {
  let [below, above] = [low, high];
  for (;;) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) return increasing(below) >= 0 ? below : above;
    if (increasing(middle) < 0) below = middle;
    else above = middle;
  }
}

/** {@link bisect} over the logarithm of a positive number. */
export function bisectLogarithm(increasing: (x: number) => number, low: number, high: number): number {
  return Math.exp(bisect((logarithm) => increasing(Math.exp(logarithm)), Math.log(low), Math.log(high)));
}
