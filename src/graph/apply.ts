import { Node } from "./node.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";
import { definitions } from "./ops/index.ts";
import { currentPath } from "./scope.ts";
import { formatShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** An operation was applied to tensors that it does not fit. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/** Applies an operation; one tensor an output. Throws a `GraphError` that names layer, operation and shapes. */
export function applyAll<K extends OperationName>(op: K, inputs: readonly Tensor[], attributes: OperationAttributes[K]): Tensor[] {
  const types = inferTypes(op, inputs, attributes);
  const node = new Node(op, inputs, attributes, types, currentPath());
  return types.map((_, index) => new Tensor(node, index));
}

/** Applies an operation with one output. */
export function apply<K extends OperationName>(op: K, inputs: readonly Tensor[], attributes: OperationAttributes[K]): Tensor {
  const [output] = applyAll(op, inputs, attributes);
  if (output === undefined) throw new GraphError(`${op} has no output.`);
  return output;
}

function inferTypes<K extends OperationName>(op: K, inputs: readonly Tensor[], attributes: OperationAttributes[K]) {
  return onBehalfOf(op, inputs, () => definitions[op].infer(inputs, attributes));
}

/** Computes something for an operation. Errors become a `GraphError` that names layer, operation and shapes. */
export function onBehalfOf<T>(op: string, inputs: readonly Tensor[], compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    const path = currentPath();
    const operands = inputs.map(({ shape }) => formatShape(shape)).join(op === "matmul" ? " x " : ", ");
    const reason = error instanceof Error ? error.message : String(error);
    throw new GraphError(`${path === "" ? "" : `${path}: `}${op} ${operands}: ${reason}`);
  }
}
