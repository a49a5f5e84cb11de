import type { Definition } from "../definition.ts";
import { broadcastStrides, ndArray, offsets } from "../nd-array.ts";
import type { OperationAttributes } from "../operations.ts";
import { broadcastShapes, shapesEqual, shapeSize } from "../shape.ts";
import { sumTo, type Tensor } from "../tensor.ts";

export const matmul: Definition<OperationAttributes["matmul"]> = {
  infer([a, b]) {
    if (a === undefined || b === undefined) throw new Error("needs two operands");
    if (a.dtype !== "float32" || b.dtype !== "float32") throw new Error(`operands are ${a.dtype} and ${b.dtype}, expected float32`);
    if (a.shape.length < 2 || b.shape.length < 2) throw new Error("both operands need two dimensions or more");
    const inner = [a.shape.at(-1), b.shape.at(-2)];
    if (inner[0] !== inner[1]) throw new Error(`inner dimensions ${inner[0]} and ${inner[1]} differ`);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...batch, a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1], dtype: "float32" }];
  },
  gradient({ inputs: [a, b], cotangents: [dy] }) {
    if (a === undefined || b === undefined || dy === undefined) return [];
    return [leftGradient(a, b, dy), rightGradient(a, b, dy)];
  },
  evaluate([a, b]) {
    if (a === undefined || b === undefined) return [];
    const [m = 0, k = 0] = a.shape.slice(-2);
    const n = b.shape.at(-1) ?? 0;
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) as readonly number[];
    const left = offsets(batch, broadcastStrides(a.shape.slice(0, -2), batch));
    const right = offsets(batch, broadcastStrides(b.shape.slice(0, -2), batch));
    const y = ndArray([...batch, m, n], "float32");
    for (let p = 0; p < left.length; p++) {
      const aStart = (left[p] ?? 0) * m * k;
      const bStart = (right[p] ?? 0) * k * n;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum += (a.data[aStart + i * k + l] ?? 0) * (b.data[bStart + l * n + j] ?? 0);
          y.data[(p * m + i) * n + j] = sum;
        }
      }
    }
    return [y];
  },
};

/** Derivative by the left operand: dy bᵀ, summed over the axes along which it was broadcast. */
export function leftGradient(a: Tensor, b: Tensor, dy: Tensor): Tensor {
  if (a.rank === 2 && dy.rank > 2 && shapesEqual(b.shape.slice(0, -2), dy.shape.slice(0, -2))) {
    const [m, k] = a.shape;
    if (m === undefined || k === undefined) throw new Error("A matrix has two dimensions.");
    return rowsFirst(dy, m).matmul(rowsFirst(b, k).transpose());
  }
  return sumTo(dy.matmul(b.transpose()), a.shape);
}

/** Derivative by the right operand: aᵀ dy. One weight for many rows is contracted in one product. */
export function rightGradient(a: Tensor, b: Tensor, dy: Tensor): Tensor {
  if (b.rank === 2 && dy.rank > 2 && shapesEqual(a.shape.slice(0, -2), dy.shape.slice(0, -2))) {
    return asMatrix(a).transpose().matmul(asMatrix(dy));
  }
  return sumTo(a.transpose().matmul(dy), b.shape);
}

/** [..., rows, n] → [...·rows, n] */
function asMatrix(tensor: Tensor): Tensor {
  return tensor.reshape([shapeSize(tensor.shape.slice(0, -1)), tensor.dim(-1)]);
}

/** [..., rows, n] → [rows, ...·n] */
function rowsFirst(tensor: Tensor, rows: Tensor["shape"][number]): Tensor {
  const last = tensor.rank - 1;
  const order = [last - 1, ...Array(last - 1).keys(), last];
  return tensor.transpose(order).reshape([rows, shapeSize([...tensor.shape.slice(0, -2), tensor.dim(-1)])]);
}
