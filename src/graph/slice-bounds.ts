import { GraphError } from "./apply.ts";
import { addDims, dimensionTerms, dimensionValue, subtractDims, type Dim, type DimValues } from "./dimension.ts";
import { isNode, type Node } from "./node.ts";
import { formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { TensorMap, topologicalOrder } from "./traverse.ts";

/** The slices, in loops and composites too, that some values of the named dimensions would take beyond their axis. */
export function openSlices(outputs: readonly Tensor[]): Node<"slice">[] {
  const found = new Set<Node<"slice">>();
  const visit = (tensors: readonly Tensor[], given: readonly Tensor[]): void => {
    for (const node of topologicalOrder(tensors, new TensorMap(given.map((tensor) => [tensor, true] as const)))) {
      if (isNode(node, "slice") && limitsOf(node).some(mayBeNegative)) found.add(node);
      if (isNode(node, "composite")) visit(node.attributes.results, node.attributes.placeholders);
      if (isNode(node, "scan")) visit([...node.attributes.body.nextCarries, ...node.attributes.body.outputs], node.attributes.body.captures);
    }
  };
  visit(outputs, []);
  return [...found];
}

/** @throws GraphError where a slice lies beyond its axis under the dimensions of a run */
export function requireWithinAxes(slices: readonly Node<"slice">[], values: DimValues): void {
  for (const node of slices) {
    if (limitsOf(node).every((limit) => dimensionValue(limit, values) >= 0)) continue;
    const { axis, start, size } = node.attributes;
    const [shape = []] = node.inputs.map((input) => input.shape);
    const first = dimensionValue(start, values);
    throw new GraphError(`${node.path === "" ? "" : `${node.path}: `}slice ${formatShape(shape)}: elements ${first} to ${first + dimensionValue(size, values)} of axis ${axis} `
      + `were asked for, which has ${dimensionValue(shape[axis] ?? 0, values)} in this run.`);
  }
}

/** What must not be negative: where a slice starts, its size, and what is left after it. */
function limitsOf({ inputs: [x], attributes: { axis, start, size } }: Node<"slice">): Dim[] {
  return [start, size, subtractDims(x?.shape[axis] ?? 0, addDims(start, size))];
}

function mayBeNegative(dim: Dim): boolean {
  return dimensionTerms(dim).some(({ coefficient }) => coefficient < 0);
}
