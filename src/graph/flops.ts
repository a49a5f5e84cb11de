import { addDims, multiplyDims, type Dim } from "./dimension.ts";
import { isNode, type Node } from "./node.ts";
import { shapeSize } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { TensorMap, topologicalOrder } from "./traverse.ts";

/** A matrix product [rows, inner] x [inner, columns] in a graph. */
export interface MatrixProduct {
  readonly rows: Dim;
  readonly inner: Dim;
  readonly columns: Dim;
  /** Products of the one operation, each with a right operand of its own. */
  readonly together: Dim;
  /** How often the operation is done: the length of the loops around it. */
  readonly times: Dim;
  /** Whether the right operand is the transpose of something. */
  readonly transposed: boolean;
}

/**
 * The matrix products on which tensors rest, in loops and composites too, as the graph has them: what is written twice
 * is listed twice, though simplification may make it one.
 */
export function matrixProducts(outputs: readonly Tensor[]): MatrixProduct[] {
  return productsOf(outputs, 1, []);
}

/**
 * Floating-point operations of the matrix products on which tensors rest: 2 · rows · inner · columns each, a
 * multiplication and an addition counting as two. A dimension, for `dimensionValue`. Nothing else counts, as is usual
 * (Kaplan et al. 2020, section 2.1).
 */
export function flops(outputs: readonly Tensor[]): Dim {
  return matrixProducts(outputs).map(productFlops).reduce(addDims, 0);
}

/** The same for one node alone. */
export function nodeFlops(node: Node): Dim {
  return productsOfNode(node, 1).map(productFlops).reduce(addDims, 0);
}

export function productFlops({ rows, inner, columns, together, times }: MatrixProduct): Dim {
  return [2, rows, inner, columns, together, times].reduce(multiplyDims);
}

function productsOf(outputs: readonly Tensor[], times: Dim, given: readonly Tensor[]): MatrixProduct[] {
  return topologicalOrder(outputs, new TensorMap(given.map((tensor) => [tensor, true] as const))).flatMap((node) => productsOfNode(node, times));
}

function productsOfNode(node: Node, times: Dim): MatrixProduct[] {
  if (isNode(node, "matmul")) return productOf(node, times);
  if (isNode(node, "composite")) return productsOf(node.attributes.results, times, node.attributes.placeholders);
  if (!isNode(node, "scan")) return [];
  const { carries, slices, captures, nextCarries, outputs: stacked } = node.attributes.body;
  const length = node.inputs[carries.length]?.dim(0) ?? 0;
  return productsOf([...nextCarries, ...stacked], multiplyDims(times, length), [...carries, ...slices, ...captures]);
}

function productOf({ inputs: [left, right], types: [type] }: Node<"matmul">, times: Dim): MatrixProduct[] {
  if (left === undefined || right === undefined || type === undefined) return [];
  const leading = type.shape.slice(0, -2);
  const rows = left.dim(-2);
  // One right operand for all: its products are one of more rows.
  const shared = right.rank === 2;
  return [{
    rows: shared ? multiplyDims(shapeSize(leading), rows) : rows, inner: left.dim(-1), columns: right.dim(-1),
    together: shared ? 1 : shapeSize(leading), times, transposed: isTransposed(right),
  }];
}

function isTransposed({ node, rank }: Tensor): boolean {
  return isNode(node, "transpose") && node.attributes.permutation.at(-1) === rank - 2 && node.attributes.permutation.at(-2) === rank - 1;
}
