import type { DType } from "./dtype.ts";

/** A dense row-major array of the reference semantics. All element types are held as float64. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Float64Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function ndArray(shape: readonly number[], dtype: DType, data: Float64Array = new Float64Array(sizeOf(shape))): NdArray {
  return { shape, dtype, data };
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/**
 * For each element of an array of the given shape, in order, the offset that the strides give it.
 * Strides of 0 broadcast; negative ones walk backwards from `start`.
 */
export function offsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  let result = Int32Array.of(start);
  for (const [axis, dim] of shape.entries()) {
    const next = new Int32Array(result.length * dim);
    const stride = strides[axis] ?? 0;
    for (let i = 0; i < result.length; i++) {
      for (let j = 0; j < dim; j++) next[i * dim + j] = (result[i] ?? 0) + j * stride;
    }
    result = next;
  }
  return result;
}

/** Strides by which an array of shape `from` is read as if it had the broadcast shape `to`. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : own[axis - missing] ?? 0));
}

/** A new array with the elements at the given offsets. */
export function pick(source: NdArray, shape: readonly number[], at: Int32Array): NdArray {
  const data = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) data[i] = source.data[at[i] ?? 0] ?? 0;
  return ndArray(shape, source.dtype, data);
}
