import { scan } from "../graph/control.ts";
import type { Tensor } from "../graph/tensor.ts";

/**
 * Applies a function of elements to slices along the first axis of tensors of one shape, one sentence after the other;
 * to tensors of two axes or fewer as they are. What a long chain of elementwise operations makes on its way then stays in
 * the cache: the backward pass of GELU on [12, 256, 1536] takes half the time.
 */
export function bySlices(tensors: readonly [Tensor, Tensor, Tensor], apply: (a: Tensor, b: Tensor, c: Tensor) => readonly Tensor[]): readonly Tensor[] {
  if (tensors[0].rank < 3) return apply(...tensors);
  return scan([], tensors, (_carries, [a, b, c]) => {
    if (a === undefined || b === undefined || c === undefined) throw new Error("A slice was lost.");
    return { carries: [], outputs: apply(a, b, c) };
  }).outputs;
}
