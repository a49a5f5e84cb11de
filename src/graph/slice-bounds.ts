import { GraphError } from "./apply.ts";
import { addDims, dimensionTerms, dimensionValue, subtractDims, type Dim, type DimValues } from "./dimension.ts";
import { isNode, type Node } from "./node.ts";
import { formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { TensorMap, topologicalOrder } from "./traverse.ts";

/** A slice that some values of the named dimensions would take beyond its axis. */
export interface OpenSlice {
  readonly node: Node<"slice">;
  /** What must not be negative. */
  readonly limits: readonly Dim[];
}

/** The open slices, in loops and composites too. */
export function openSlices(outputs: readonly Tensor[]): OpenSlice[] {
  const found = new Map<Node<"slice">, readonly Dim[]>();
  const visit = (tensors: readonly Tensor[], given: readonly Tensor[]): void => {
    for (const node of topologicalOrder(tensors, new TensorMap(given.map((tensor) => [tensor, true] as const)))) {
      if (isNode(node, "slice")) {
        const limits = limitsOf(node).filter(mayBeNegative);
        if (limits.length > 0) found.set(node, limits);
      }
      if (isNode(node, "composite")) visit(node.attributes.results, node.attributes.placeholders);
      if (isNode(node, "scan")) visit([...node.attributes.body.nextCarries, ...node.attributes.body.outputs], node.attributes.body.captures);
    }
  };
  visit(outputs, []);
  return Array.from(found, ([node, limits]) => ({ node, limits }));
}

/** @throws GraphError where a slice lies beyond its axis under the dimensions of a run */
export function requireWithinAxes(slices: readonly OpenSlice[], values: DimValues): void {
  for (const { node, limits } of slices) {
    if (limits.every((limit) => dimensionValue(limit, values) >= 0)) continue;
    const { axis, start, size } = node.attributes;
    const [shape = []] = node.inputs.map((input) => input.shape);
    const first = dimensionValue(start, values);
    throw new GraphError(`${node.path === "" ? "" : `${node.path}: `}slice ${formatShape(shape)}: elements ${first} to ${first + dimensionValue(size, values)} of axis ${axis} `
      + `were asked for, which has ${dimensionValue(shape[axis] ?? 0, values)} in this run.`);
  }
}

/** Where a slice starts, its size, and what is left after it: none may be negative. */
function limitsOf({ inputs: [x], attributes: { axis, start, size } }: Node<"slice">): Dim[] {
  return [start, size, subtractDims(x?.shape[axis] ?? 0, addDims(start, size))];
}

function mayBeNegative(dim: Dim): boolean {
  return dimensionTerms(dim).some(({ coefficient }) => coefficient < 0);
}
