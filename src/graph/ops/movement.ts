import type { Definition } from "../definition.ts";
import { addDims, dimensionValue, subtractDims, type Dim } from "../dimension.ts";
import { broadcastStrides, ndArray, offsets, pick, stridesOf, type NdArray } from "../nd-array.ts";
import type { TensorType } from "../node.ts";
import type { OperationAttributes } from "../operations.ts";
import { broadcastShapes, formatShape, resolveShape, shapesEqual, type Shape } from "../shape.ts";
import { concat as concatTensors, sumTo, zeros } from "../tensor.ts";

function one<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error("needs an operand");
  return value;
}

function withDim(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((own, at) => (at === axis ? dim : own));
}

export const reshape: Definition<OperationAttributes["reshape"]> = {
  infer: (inputs, { shape }) => [{ shape, dtype: one(inputs).dtype }],
  gradient: ({ inputs, cotangents: [dy] }) => [dy?.reshape(one(inputs).shape)],
  evaluate: (inputs, { shape }, dims) => [ndArray(resolveShape(shape, dims), one(inputs).dtype, one(inputs).data)],
};

export const broadcastTo: Definition<OperationAttributes["broadcastTo"]> = {
  infer(inputs, { shape }) {
    const x = one(inputs);
    if (!shapesEqual(broadcastShapes(x.shape, shape), shape)) throw new Error(`does not broadcast to ${formatShape(shape)}`);
    return [{ shape, dtype: x.dtype }];
  },
  gradient: ({ inputs, cotangents: [dy] }) => [dy && sumTo(dy, one(inputs).shape)],
  evaluate(inputs, { shape }, dims) {
    const x = one(inputs);
    const target = resolveShape(shape, dims);
    return [pick(x, target, offsets(target, broadcastStrides(x.shape, target)))];
  },
};

export const transpose: Definition<OperationAttributes["transpose"]> = {
  infer(inputs, { permutation }) {
    const x = one(inputs);
    if ([...permutation].sort((a, b) => a - b).some((axis, at) => axis !== at) || permutation.length !== x.shape.length) {
      throw new Error(`[${permutation.join(", ")}] is not an order of ${x.shape.length} axes`);
    }
    return [{ shape: permutation.map((axis) => x.shape[axis] ?? 1), dtype: x.dtype }];
  },
  gradient({ cotangents: [dy], attributes: { permutation } }) {
    return [dy?.transpose(permutation.map((_, axis) => permutation.indexOf(axis)))];
  },
  evaluate(inputs, { permutation }) {
    const x = one(inputs);
    const strides = stridesOf(x.shape);
    const shape = permutation.map((axis) => x.shape[axis] ?? 1);
    return [pick(x, shape, offsets(shape, permutation.map((axis) => strides[axis] ?? 1)))];
  },
};

export const concat: Definition<OperationAttributes["concat"]> = {
  infer(inputs, { axis }) {
    const first = one(inputs);
    for (const { shape, dtype } of inputs) {
      if (dtype !== first.dtype) throw new Error(`${first.dtype} and ${dtype} cannot be joined`);
      if (!shapesEqual(withDim(shape, axis, 0), withDim(first.shape, axis, 0))) {
        throw new Error(`shapes may differ in axis ${axis} alone`);
      }
    }
    const total = inputs.reduce<Dim>((sum, { shape }) => addDims(sum, shape[axis] ?? 0), 0);
    return [{ shape: withDim(first.shape, axis, total), dtype: first.dtype }];
  },
  gradient: ({ inputs, cotangents: [dy], attributes: { axis } }) => (
    dy?.split(inputs.map(({ shape }) => shape[axis] ?? 1), axis) ?? []),
  evaluate(inputs, { axis }) {
    const first = one(inputs);
    const total = inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    const y = ndArray(withDim(first.shape, axis, total) as readonly number[], first.dtype);
    const strides = stridesOf(y.shape);
    let start = 0;
    for (const x of inputs) {
      offsets(x.shape, strides, start * (strides[axis] ?? 1)).forEach((to, from) => (y.data[to] = x.data[from] ?? 0));
      start += x.shape[axis] ?? 0;
    }
    return [y];
  },
};

export const split: Definition<OperationAttributes["split"]> = {
  infer(inputs, { axis, sizes }) {
    const x = one(inputs);
    const total = sizes.reduce<Dim>(addDims, 0);
    if (total !== x.shape[axis]) throw new Error(`sizes ${sizes.join(" + ")} do not add up to ${x.shape[axis]}`);
    return sizes.map((size) => ({ shape: withDim(x.shape, axis, size), dtype: x.dtype }));
  },
  gradient({ outputs, cotangents, attributes: { axis } }) {
    if (cotangents.every((dy) => dy === undefined)) return [];
    return [concatTensors(outputs.map((output, at) => cotangents[at] ?? zeros(output.shape)), axis)];
  },
  evaluate(inputs, { axis, sizes }, dims) {
    let start = 0;
    return sizes.map((dim) => {
      const size = dimensionValue(dim, dims);
      const part = sliceOf(one(inputs), axis, start, size);
      start += size;
      return part;
    });
  },
};

function sliceOf(x: NdArray, axis: number, start: number, size: number): NdArray {
  const strides = stridesOf(x.shape);
  const shape = withDim(x.shape, axis, size) as readonly number[];
  return pick(x, shape, offsets(shape, strides, start * (strides[axis] ?? 1)));
}

export const slice: Definition<OperationAttributes["slice"]> = {
  infer(inputs, { axis, start, size }) {
    const x = one(inputs);
    const own = x.shape[axis];
    if (typeof size === "number" && size < 0) throw new Error(`a slice of axis ${axis} ends before its start ${start}`);
    if (typeof start === "number" && typeof size === "number" && typeof own === "number" && start + size > own) {
      throw new Error(`elements ${start} to ${start + size} of axis ${axis} were asked for, which has ${own}`);
    }
    return [{ shape: withDim(x.shape, axis, size), dtype: x.dtype }];
  },
  gradient({ inputs, cotangents: [dy], attributes: { axis, start, size } }) {
    const dim = one(inputs).shape[axis] ?? 1;
    return [dy?.pad(axis, start, subtractDims(dim, addDims(start, size)))];
  },
  evaluate: (inputs, { axis, start, size }, dims) => (
    [sliceOf(one(inputs), axis, dimensionValue(start, dims), dimensionValue(size, dims))]),
};

export const pad: Definition<OperationAttributes["pad"]> = {
  infer(inputs, { axis, before, after }): TensorType[] {
    const x = one(inputs);
    return [{ shape: withDim(x.shape, axis, addDims(addDims(x.shape[axis] ?? 1, before), after)), dtype: x.dtype }];
  },
  gradient: ({ inputs, cotangents: [dy], attributes: { axis, before } }) => (
    [dy?.slice(axis, before, addDims(before, one(inputs).shape[axis] ?? 1))]),
  evaluate(inputs, { axis, before, after }, dims) {
    const x = one(inputs);
    const start = dimensionValue(before, dims);
    const y = ndArray(withDim(x.shape, axis, (x.shape[axis] ?? 0) + start + dimensionValue(after, dims)) as readonly number[], x.dtype);
    const strides = stridesOf(y.shape);
    offsets(x.shape, strides, start * (strides[axis] ?? 1)).forEach((to, from) => (y.data[to] = x.data[from] ?? 0));
    return [y];
  },
};

export const reverse: Definition<OperationAttributes["reverse"]> = {
  infer: (inputs) => [{ shape: one(inputs).shape, dtype: one(inputs).dtype }],
  gradient: ({ cotangents: [dy], attributes: { axis } }) => [dy?.reverse(axis)],
  evaluate(inputs, { axis }) {
    const x = one(inputs);
    const strides = stridesOf(x.shape);
    const step = strides[axis] ?? 1;
    const walk = strides.map((stride, at) => (at === axis ? -stride : stride));
    return [pick(x, x.shape, offsets(x.shape, walk, Math.max(0, (x.shape[axis] ?? 1) - 1) * step))];
  },
};
