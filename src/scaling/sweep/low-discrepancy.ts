/**
 * Points of Sobol's sequence in the unit square (Sobol' 1967; direction numbers of Bratley and Fox 1988). Of any 2^m that
 * follow a multiple of 2^m, exactly one lies in each rectangle of area 2^-m whose sides are powers of two.
 *
 * @param count how many
 * @returns count points, each coordinate in [0, 1)
 */
export function sobolPoints(count: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, index) => [vanDerCorput(index), secondCoordinate(index)] as const);
}

const BITS = 32;

/** The radical inverse in base 2: bits mirrored at the point. */
function vanDerCorput(index: number): number {
  return sumDirections(index, (bit) => 2 ** (BITS - 1 - bit));
}

/** The direction numbers of the primitive polynomial x + 1: each is the one before, xored with its half. */
const SECOND = Array.from({ length: BITS - 1 }).reduce<number[]>((directions) => {
  const last = directions.at(-1) ?? 0;
  return [...directions, (last ^ (last >>> 1)) >>> 0];
}, [2 ** (BITS - 1)]);

function secondCoordinate(index: number): number {
  return sumDirections(index, (bit) => SECOND[bit] ?? 0);
}

function sumDirections(index: number, direction: (bit: number) => number): number {
  let sum = 0;
  for (let bit = 0; 2 ** bit <= index; bit++) if (Math.floor(index / 2 ** bit) % 2 === 1) sum = (sum ^ direction(bit)) >>> 0;
  return sum / 2 ** BITS;
}
