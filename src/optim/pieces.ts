import { scan } from "../graph/control.ts";
import type { Tensor } from "../graph/tensor.ts";

/** Elements of one piece: a handful of float32 arrays of this size fit a core's second-level cache. */
const PIECE = 65_536;
const SMALLEST_WORTH = 4 * PIECE;

/**
 * Applies an elementwise function to arrays of one concrete shape, a cache-sized piece at a time: a chain of operations
 * over large arrays would go through main memory once an operation.
 */
export function inPieces(arrays: readonly Tensor[], f: (pieces: Tensor[]) => readonly Tensor[]): Tensor[] {
  const [first] = arrays;
  if (first === undefined) return [];
  const { shape } = first;
  const size = shape.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : NaN), 1);
  const piece = pieceOf(size);
  if (piece === undefined) return [...f([...arrays])];
  const { outputs } = scan([], arrays.map((array) => array.reshape([size / piece, piece])), (_carries, slices) => (
    { carries: [], outputs: f(slices) }));
  return outputs.map((output) => output.reshape(shape));
}

/** The divisor of a size nearest to the wanted piece, within a factor of four. */
function pieceOf(size: number): number | undefined {
  if (!(size >= SMALLEST_WORTH)) return undefined;
  for (let distance = 0; distance < 2 * PIECE; distance++) {
    for (const piece of [PIECE + distance, PIECE - distance]) {
      if (piece >= PIECE / 4 && size % piece === 0) return piece;
    }
  }
  return undefined;
}
