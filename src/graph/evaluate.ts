import type { DimValues } from "./dimension.ts";
import type { NdArray } from "./nd-array.ts";
import type { Node } from "./node.ts";
import type { OperationName } from "./operations.ts";
import { definitions } from "./ops/index.ts";
import { topologicalOrder, type TensorMap } from "./traverse.ts";
import type { Tensor } from "./tensor.ts";

/** Reference evaluation: each node by its definition, in float64. `bound` gives the values of leaves. */
export function evaluateGraph(outputs: readonly Tensor[], bound: TensorMap<NdArray>, dims: DimValues): NdArray[] {
  const values = new Map<Node, readonly NdArray[]>();
  const valueOf = (tensor: Tensor): NdArray => {
    const value = bound.get(tensor) ?? values.get(tensor.node)?.[tensor.index];
    if (value === undefined) throw new Error(`${tensor.node.op} has no value.`);
    return value;
  };
  for (const node of topologicalOrder(outputs, bound)) values.set(node, evaluateNode(node, node.inputs.map(valueOf), dims));
  return outputs.map(valueOf);
}

function evaluateNode<K extends OperationName>(node: Node<K>, inputs: readonly NdArray[], dims: DimValues): readonly NdArray[] {
  return definitions[node.op].evaluate(inputs, node.attributes, dims);
}
