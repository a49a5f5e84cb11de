import type { Definition } from "../definition.ts";
import { ndArray, offsets, sizeOf, stridesOf, type NdArray } from "../nd-array.ts";
import type { TensorType } from "../node.ts";
import type { OperationAttributes } from "../operations.ts";
import { formatShape, resolveShape, shapesEqual, type Shape } from "../shape.ts";
import { zeros } from "../tensor.ts";

function operands<T>(inputs: readonly T[]): [T, T] {
  const [a, b] = inputs;
  if (a === undefined || b === undefined) throw new Error("needs two operands");
  return [a, b];
}

function requireIndices({ dtype }: { dtype: string }): void {
  if (dtype !== "int32") throw new Error(`indices are ${dtype}, expected int32`);
}

function requireUpdates(updates: TensorType | undefined, shape: Shape, dtype: string): void {
  if (updates === undefined) throw new Error("needs updates");
  if (!shapesEqual(updates.shape, shape)) throw new Error(`updates are ${formatShape(updates.shape)}, expected ${formatShape(shape)}`);
  if (updates.dtype !== dtype) throw new Error(`updates are ${updates.dtype}, expected ${dtype}`);
}

/** Negative indices count from the end. */
function positionOf(index: number, size: number): number {
  if (index < -size || index >= size) throw new Error(`The index ${index} is out of range for ${size} elements.`);
  return index < 0 ? index + size : index;
}

export const take: Definition<OperationAttributes["take"]> = {
  infer(inputs) {
    const [x, indices] = operands(inputs);
    requireIndices(indices);
    if (x.shape.length === 0) throw new Error("a scalar has no rows");
    return [{ shape: [...indices.shape, ...x.shape.slice(1)], dtype: x.dtype }];
  },
  gradient({ inputs, cotangents: [dy] }) {
    const [x, indices] = operands(inputs);
    return [dy && zeros(x.shape).scatterAdd(indices, dy)];
  },
  evaluate(inputs) {
    const [x, indices] = operands(inputs);
    const row = sizeOf(x.shape.slice(1));
    const y = ndArray([...indices.shape, ...x.shape.slice(1)], x.dtype);
    indices.data.forEach((index, i) => {
      const at = positionOf(index, x.shape[0] ?? 0);
      y.data.set(x.data.subarray(at * row, (at + 1) * row), i * row);
    });
    return [y];
  },
};

export const scatterAdd: Definition<OperationAttributes["scatterAdd"]> = {
  infer(inputs) {
    const [target, indices] = operands(inputs);
    requireIndices(indices);
    requireUpdates(inputs[2], [...indices.shape, ...target.shape.slice(1)], target.dtype);
    return [{ shape: target.shape, dtype: target.dtype }];
  },
  gradient({ inputs, cotangents: [dy] }) {
    const [, indices] = operands(inputs);
    return [dy, undefined, dy?.take(indices)];
  },
  evaluate(inputs) {
    const [target, indices] = operands(inputs);
    const updates = inputs[2];
    const row = sizeOf(target.shape.slice(1));
    const y = ndArray(target.shape, target.dtype, target.data.slice());
    indices.data.forEach((index, i) => {
      const at = positionOf(index, target.shape[0] ?? 0) * row;
      for (let j = 0; j < row; j++) y.data[at + j] = (y.data[at + j] ?? 0) + (updates?.data[i * row + j] ?? 0);
    });
    return [y];
  },
};

/** Where each index of `takeAlong` points within the array. */
function alongOffsets(shape: readonly number[], indices: NdArray, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const at = offsets(indices.shape, strides.map((stride, other) => (other === axis ? 0 : stride)));
  return at.map((start, i) => start + positionOf(indices.data[i] ?? 0, shape[axis] ?? 0) * (strides[axis] ?? 1));
}

function requireAlong(x: TensorType, indices: TensorType, axis: number): void {
  requireIndices(indices);
  const agree = x.shape.length === indices.shape.length && x.shape.every((dim, at) => at === axis || dim === indices.shape[at]);
  if (!agree) throw new Error(`indices may differ in axis ${axis} alone`);
}

export const takeAlong: Definition<OperationAttributes["takeAlong"]> = {
  infer(inputs, { axis }) {
    const [x, indices] = operands(inputs);
    requireAlong(x, indices, axis);
    return [{ shape: indices.shape, dtype: x.dtype }];
  },
  gradient({ inputs, cotangents: [dy], attributes: { axis } }) {
    const [x, indices] = operands(inputs);
    return [dy && zeros(x.shape).scatterAlong(indices, dy, axis)];
  },
  evaluate(inputs, { axis }) {
    const [x, indices] = operands(inputs);
    const at = alongOffsets(x.shape, indices, axis);
    const y = ndArray(indices.shape, x.dtype);
    at.forEach((from, i) => (y.data[i] = x.data[from] ?? 0));
    return [y];
  },
};

export const scatterAlong: Definition<OperationAttributes["scatterAlong"]> = {
  infer(inputs, { axis }) {
    const [target, indices] = operands(inputs);
    requireAlong(target, indices, axis);
    requireUpdates(inputs[2], indices.shape, target.dtype);
    return [{ shape: target.shape, dtype: target.dtype }];
  },
  gradient({ inputs, cotangents: [dy], attributes: { axis } }) {
    const [, indices] = operands(inputs);
    return [dy, undefined, dy?.takeAlong(indices, axis)];
  },
  evaluate(inputs, { axis }) {
    const [target, indices] = operands(inputs);
    const updates = inputs[2];
    const y = ndArray(target.shape, target.dtype, target.data.slice());
    alongOffsets(target.shape, indices, axis).forEach((to, i) => (y.data[to] = (y.data[to] ?? 0) + (updates?.data[i] ?? 0)));
    return [y];
  },
};

export const iota: Definition<OperationAttributes["iota"]> = {
  infer: (_inputs, { shape }) => [{ shape, dtype: "int32" }],
  evaluate(_inputs, { shape, axis }, dims) {
    const concrete = resolveShape(shape, dims);
    const positions = offsets(concrete, concrete.map((_, at) => Number(at === axis)));
    return [ndArray(concrete, "int32", Float64Array.from(positions))];
  },
};
