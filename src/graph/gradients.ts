import { GraphError } from "./apply.ts";
import { inlineComposite } from "./control.ts";
import { isNode, type Node } from "./node.ts";
import type { OperationName } from "./operations.ts";
import { definitions } from "./ops/index.ts";
import { leftGradient, rightGradient } from "./ops/matmul.ts";
import { scanGradient } from "./scan-gradient.ts";
import { withPath } from "./scope.ts";
import { constant, Tensor, zeros } from "./tensor.ts";
import { dependents, tensorKey, TensorMap, topologicalOrder } from "./traverse.ts";

/**
 * Reverse-mode derivatives of a scalar by each tensor, as graphs. Zero where the loss does not depend on one.
 * Throws a `GraphError` for a loss that is not a float32 scalar.
 */
export function gradients(loss: Tensor, by: readonly Tensor[]): Tensor[] {
  if (loss.rank !== 0 || loss.dtype !== "float32") {
    throw new GraphError(`gradients needs a float32 scalar, received ${loss.dtype} [${loss.shape.join(", ")}]; sum or average it first.`);
  }
  const slopes = backpropagate([loss], [constant(1)], by, { through: true });
  return by.map((tensor, at) => slopes[at] ?? zeros(tensor.shape));
}

/** Takes over the derivative of a product by one operand and returns true, or leaves it to the general rule. */
export type Defer = (node: Node, operand: 0 | 1, cotangent: Tensor) => boolean;

/**
 * Vector-Jacobian product of a graph; `undefined` is zero. The graph is followed past the tensors in `by`, to others of
 * them, only with `through`.
 */
export function backpropagate(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
  by: readonly Tensor[],
  { defer = () => false, through = false }: { defer?: Defer; through?: boolean } = {},
): (Tensor | undefined)[] {
  const targets = new TensorMap(by.map((tensor) => [tensor, true] as const));
  const stop = through ? new TensorMap<true>() : targets;
  const active = dependents(outputs, targets, stop);
  const slopes = new TensorMap<Tensor>();
  const isActive = (tensor: Tensor): boolean => tensor.dtype === "float32" && (targets.has(tensor) || active.has(tensor.node));
  const accumulate = (tensor: Tensor | undefined, slope: Tensor | undefined): void => {
    if (tensor === undefined || slope === undefined || !isActive(tensor)) return;
    const sum = slopes.get(tensor);
    slopes.set(tensor, sum === undefined ? slope : sum.add(slope));
  };
  outputs.forEach((output, at) => accumulate(output, cotangents[at]));

  for (const node of topologicalOrder(outputs, stop).reverse()) {
    if (!active.has(node)) continue;
    const received = outputsOf(node).map((output) => slopes.get(output));
    if (received.every((slope) => slope === undefined)) continue;
    withPath(node.path, () => {
      if (isNode(node, "matmul") && received[0] !== undefined) {
        const [left, right] = node.inputs;
        const rules = [leftGradient, rightGradient] as const;
        ([0, 1] as const).forEach((operand) => {
          const target = node.inputs[operand];
          if (left === undefined || right === undefined || received[0] === undefined || target === undefined || !isActive(target)) return;
          if (!defer(node, operand, received[0])) accumulate(target, rules[operand](left, right, received[0]));
        });
        return;
      }
      inputSlopes(node, received, node.inputs.map(isActive)).forEach((slope, at) => accumulate(node.inputs[at], slope));
    });
  }
  return by.map((tensor) => slopes.get(tensor));
}

function outputsOf(node: Node): Tensor[] {
  return node.types.map((_, index) => new Tensor(node, index));
}

function inputSlopes<K extends OperationName>(
  node: Node<K>, cotangents: readonly (Tensor | undefined)[], wanted: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const outputs = outputsOf(node);
  if (isNode(node as Node, "scan")) return scanGradient(node as Node<"scan">, cotangents, wanted);
  if (isNode(node as Node, "composite")) {
    const { attributes } = node as Node<"composite">;
    const stated = attributes.gradient?.(node.inputs, outputs, cotangents);
    if (stated !== undefined) return stated;
    const slopes = backpropagate(inlineComposite(attributes, node.inputs), cotangents, node.inputs);
    const keys = node.inputs.map(tensorKey);
    return slopes.map((slope, at) => (keys.indexOf(keys[at] ?? "") === at ? slope : undefined)); // one of equal inputs has it all
  }
  return definitions[node.op].gradient?.({ inputs: node.inputs, outputs, cotangents, attributes: node.attributes }) ?? [];
}
