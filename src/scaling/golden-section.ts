const ratio = (Math.sqrt(5) - 1) / 2;
/** The interval shrinks to less than a rounding of its ends. */
const steps = 80;

/**
 * Where a function with one valley is lowest, by golden sections (Kiefer 1953); near a smooth minimum, where the function
 * is flat to rounding, to about half the digits of a number.
 */
export function lowestBetween(f: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [atLeft, atRight] = [f(left), f(right)];
  for (let step = 0; step < steps; step++) {
    if (atLeft < atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - ratio * (high - low);
      atLeft = f(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + ratio * (high - low);
      atRight = f(right);
    }
  }
  return (low + high) / 2;
}
