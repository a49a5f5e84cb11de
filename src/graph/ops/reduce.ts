import type { Definition } from "../definition.ts";
import type { Dim } from "../dimension.ts";
import { ndArray, offsets, stridesOf, type NdArray } from "../nd-array.ts";
import type { TensorType } from "../node.ts";
import type { OperationAttributes } from "../operations.ts";
import type { Shape } from "../shape.ts";
import { where, zeros } from "../tensor.ts";

type Reduce = OperationAttributes["reduceSum"];

function reducedShape(shape: Shape, { axes, keep }: Reduce): Shape {
  return shape.flatMap((dim, axis): Dim[] => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

function numbers(x: TensorType | undefined): TensorType {
  if (x === undefined || x.dtype === "bool") throw new Error("expected a tensor of numbers");
  return x;
}

function reduction(start: number, combine: (a: number, b: number) => number): Pick<Definition<Reduce>, "infer" | "evaluate"> {
  return {
    infer([given], attributes) {
      const x = numbers(given);
      return [{ shape: reducedShape(x.shape, attributes), dtype: x.dtype }];
    },
    evaluate([x], attributes) {
      if (x === undefined) return [];
      const shape = reducedShape(x.shape, attributes) as readonly number[];
      const kept = stridesOf(reducedShape(x.shape, { ...attributes, keep: true }) as readonly number[]);
      const to = offsets(x.shape, kept.map((stride, axis) => (attributes.axes.includes(axis) ? 0 : stride)));
      const y = ndArray(shape, x.dtype);
      y.data.fill(start);
      x.data.forEach((value, i) => {
        const at = to[i] ?? 0;
        y.data[at] = combine(y.data[at] ?? 0, value);
      });
      return [y];
    },
  };
}

export const reduceSum: Definition<Reduce> = {
  ...reduction(0, (a, b) => a + b),
  gradient({ inputs: [x], cotangents: [dy], attributes }) {
    if (x === undefined || dy === undefined) return [];
    return [dy.reshape(reducedShape(x.shape, { ...attributes, keep: true })).broadcastTo(x.shape)];
  },
};

/** The gradient goes in equal parts to all elements that attain the maximum. */
export const reduceMax: Definition<Reduce> = {
  ...reduction(-Infinity, Math.max),
  gradient({ inputs: [x], outputs: [y], cotangents: [dy], attributes }) {
    if (x === undefined || y === undefined || dy === undefined) return [];
    const kept = reducedShape(x.shape, { ...attributes, keep: true });
    const attained = where(x.equal(y.reshape(kept)), 1, 0);
    return [attained.divide(attained.sum(attributes.axes, true)).multiply(dy.reshape(kept))];
  },
};

/** Offsets of the first element of each row along an axis, and the step between a row's elements. */
function rows(shape: readonly number[], axis: number) {
  const strides = stridesOf(shape);
  const starts = offsets(shape.filter((_, at) => at !== axis), strides.filter((_, at) => at !== axis));
  return { starts, step: strides[axis] ?? 1, length: shape[axis] ?? 0 };
}

export const argmax: Definition<OperationAttributes["argmax"]> = {
  infer: ([x], { axis }) => [{ shape: numbers(x).shape.filter((_, at) => at !== axis), dtype: "int32" }],
  evaluate([x], { axis }) {
    if (x === undefined) return [];
    const { starts, step, length } = rows(x.shape, axis);
    const y = ndArray(x.shape.filter((_, at) => at !== axis), "int32");
    starts.forEach((start, row) => {
      let best = 0;
      for (let i = 1; i < length; i++) {
        if ((x.data[start + i * step] ?? 0) > (x.data[start + best * step] ?? 0)) best = i;
      }
      y.data[row] = best;
    });
    return [y];
  },
};

export const topK: Definition<OperationAttributes["topK"]> = {
  infer([given], { count }) {
    const x = numbers(given);
    const last = x.shape.at(-1);
    if (last === undefined) throw new Error("expected one dimension or more");
    if (typeof last === "number" && count > last) throw new Error(`the ${count} largest of ${last} were asked for`);
    const shape = [...x.shape.slice(0, -1), count];
    return [{ shape, dtype: x.dtype }, { shape, dtype: "int32" }];
  },
  gradient({ inputs: [x], outputs: [, indices], cotangents: [dy] }) {
    if (x === undefined || indices === undefined || dy === undefined) return [];
    return [zeros(x.shape).scatterAlong(indices, dy, -1)];
  },
  evaluate([x], { count }) {
    if (x === undefined) return [];
    const { starts, length } = rows(x.shape, x.shape.length - 1);
    const shape = [...x.shape.slice(0, -1), count];
    const values: NdArray = ndArray(shape, x.dtype);
    const indices: NdArray = ndArray(shape, "int32");
    starts.forEach((start, row) => {
      const at = (i: number) => x.data[start + i] ?? 0;
      const order = Array.from({ length }, (_, i) => i).sort((a, b) => at(b) - at(a) || a - b);
      for (let i = 0; i < count; i++) {
        indices.data[row * count + i] = order[i] ?? 0;
        values.data[row * count + i] = at(order[i] ?? 0);
      }
    });
    return [values, indices];
  },
};
