import type { DType } from "./dtype.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

let created = 0;

/** One operation applied to tensors. Nodes only ever point backwards, so a graph is whatever its outputs reach. */
export class Node<K extends OperationName = OperationName> {
  readonly id = created++;

  constructor(
    readonly op: K,
    readonly inputs: readonly Tensor[],
    readonly attributes: OperationAttributes[K],
    readonly types: readonly TensorType[],
    /** Path of the layer that built it. */
    readonly path: string,
  ) {}
}

export function isNode<K extends OperationName>(node: Node, op: K): node is Node<K> & Node {
  return node.op === op;
}
