import { apply, applyAll, onBehalfOf } from "./apply.ts";
import { dimension, subtractDims, type Dim } from "./dimension.ts";
import type { DType } from "./dtype.ts";
import type { Node } from "./node.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";
import { broadcastShapes, completeShape, normalizeAxis, shapesEqual, type Shape } from "./shape.ts";

/** What can stand where a tensor is expected: a number is a float32 (or, beside an int32, an int32) scalar. */
export type TensorLike = Tensor | number;

/**
 * A handle on one output of a graph node. Names, broadcasting and argument order follow NumPy and the array API
 * standard. Nothing is computed until an engine runs the graph.
 */
export class Tensor {
  constructor(readonly node: Node, readonly index: number) {}

  get shape(): Shape {
    return this.type.shape;
  }

  get dtype(): DType {
    return this.type.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  private get type() {
    const type = this.node.types[this.index];
    if (type === undefined) throw new Error(`The operation ${this.node.op} has no output ${this.index}.`);
    return type;
  }

  /** Size of an axis; negative axes count from the end. */
  dim(axis: number): Dim {
    return this.shape[normalizeAxis(axis, this.rank)] ?? 1;
  }

  add(other: TensorLike): Tensor { return apply("add", [this, this.#lift(other)], {}); }
  subtract(other: TensorLike): Tensor { return apply("subtract", [this, this.#lift(other)], {}); }
  multiply(other: TensorLike): Tensor { return apply("multiply", [this, this.#lift(other)], {}); }
  divide(other: TensorLike): Tensor { return apply("divide", [this, this.#lift(other)], {}); }
  maximum(other: TensorLike): Tensor { return apply("maximum", [this, this.#lift(other)], {}); }
  minimum(other: TensorLike): Tensor { return apply("minimum", [this, this.#lift(other)], {}); }
  power(other: TensorLike): Tensor { return apply("power", [this, this.#lift(other)], {}); }
  equal(other: TensorLike): Tensor { return apply("equal", [this, this.#lift(other)], {}); }
  less(other: TensorLike): Tensor { return apply("less", [this, this.#lift(other)], {}); }
  lessEqual(other: TensorLike): Tensor { return apply("lessEqual", [this, this.#lift(other)], {}); }
  and(other: Tensor): Tensor { return apply("and", [this, other], {}); }
  or(other: Tensor): Tensor { return apply("or", [this, other], {}); }
  not(): Tensor { return apply("not", [this], {}); }

  negate(): Tensor { return apply("negate", [this], {}); }
  exp(): Tensor { return apply("exp", [this], {}); }
  log(): Tensor { return apply("log", [this], {}); }
  sqrt(): Tensor { return apply("sqrt", [this], {}); }
  tanh(): Tensor { return apply("tanh", [this], {}); }
  sigmoid(): Tensor { return apply("sigmoid", [this], {}); }
  relu(): Tensor { return apply("relu", [this], {}); }
  abs(): Tensor { return apply("abs", [this], {}); }
  sign(): Tensor { return apply("sign", [this], {}); }
  erf(): Tensor { return apply("erf", [this], {}); }
  sin(): Tensor { return apply("sin", [this], {}); }
  cos(): Tensor { return apply("cos", [this], {}); }
  reciprocal(): Tensor { return apply("reciprocal", [this], {}); }
  floor(): Tensor { return apply("floor", [this], {}); }
  square(): Tensor { return this.multiply(this); }
  cast(dtype: DType): Tensor { return dtype === this.dtype ? this : apply("cast", [this], { dtype }); }
  /** The same values, constant for `gradients`. */
  stopGradient(): Tensor { return apply("stopGradient", [this], {}); }

  /** Matrix product of the last two axes, batched and broadcast over the rest. Both have two axes or more. */
  matmul(other: Tensor): Tensor { return apply("matmul", [this, other], {}); }

  /** Sum over axes (all, if none is given), which `keep` leaves as size 1. */
  sum(axes?: number | readonly number[], keep = false): Tensor {
    return this.#with("reduceSum", () => ({ axes: this.#axes(axes), keep }));
  }

  /** Mean of float32 over axes (all, if none is given), which `keep` leaves as size 1. */
  mean(axes?: number | readonly number[], keep = false): Tensor {
    const all = onBehalfOf("mean", [this], () => {
      if (this.dtype !== "float32") throw new Error(`operand 1 is ${this.dtype}, expected float32; cast it`);
      return this.#axes(axes);
    });
    const ones = apply("broadcastTo", [this.#lift(1)], { shape: all.map((axis) => this.dim(axis)) });
    return this.sum(axes, keep).divide(ones.sum());
  }

  /** Largest element over axes (all, if none is given), which `keep` leaves as size 1. */
  max(axes?: number | readonly number[], keep = false): Tensor {
    return this.#with("reduceMax", () => ({ axes: this.#axes(axes), keep }));
  }

  /** int32 index of the first largest element along an axis. */
  argmax(axis = -1): Tensor { return this.#with("argmax", () => ({ axis: normalizeAxis(axis, this.rank) })); }

  /** The `count` largest along the last axis, in descending order, and their int32 indices. */
  topK(count: number): { values: Tensor; indices: Tensor } {
    const [values, indices] = applyAll("topK", [this], { count });
    if (values === undefined || indices === undefined) throw new Error("topK has two outputs.");
    return { values, indices };
  }

  /** One dimension may be -1. */
  reshape(shape: Shape): Tensor {
    const wanted = onBehalfOf("reshape", [this], () => completeShape(this.shape, shape.map((dim) => (dim === -1 ? -1 : dimension(dim)))));
    return shapesEqual(wanted, this.shape) ? this : apply("reshape", [this], { shape: wanted });
  }

  broadcastTo(shape: Shape): Tensor {
    const wanted = onBehalfOf("broadcastTo", [this], () => shape.map(dimension));
    return shapesEqual(wanted, this.shape) ? this : apply("broadcastTo", [this], { shape: wanted });
  }

  /** Reorders the axes; without a permutation, exchanges the last two. */
  transpose(permutation?: readonly number[]): Tensor {
    const axes = permutation ?? [...Array(this.rank).keys()].map((axis) => (
      axis < this.rank - 2 ? axis : 2 * this.rank - 3 - axis));
    return apply("transpose", [this], { permutation: axes });
  }

  /** Inserts an axis of size 1. */
  expandDims(axis: number): Tensor {
    const at = onBehalfOf("expandDims", [this], () => normalizeAxis(axis, this.rank + 1));
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)]);
  }

  /** Removes an axis of size 1. */
  squeeze(axis: number): Tensor {
    const at = onBehalfOf("squeeze", [this], () => normalizeAxis(axis, this.rank));
    return this.reshape(this.shape.filter((_, other) => other !== at));
  }

  split(sizes: Shape, axis = -1): Tensor[] {
    return applyAll("split", [this], onBehalfOf("split", [this], () => ({ axis: normalizeAxis(axis, this.rank), sizes: sizes.map(dimension) })));
  }

  /** Elements `start` to `end` (exclusive) of one axis. */
  slice(axis: number, start: Dim, end?: Dim): Tensor {
    return this.#with("slice", () => {
      const at = normalizeAxis(axis, this.rank);
      return { axis: at, start: dimension(start), size: subtractDims(end ?? this.dim(at), start) };
    });
  }

  /** Zeros before and after along one axis. */
  pad(axis: number, before: Dim, after: Dim): Tensor {
    return this.#with("pad", () => ({ axis: normalizeAxis(axis, this.rank), before: dimension(before), after: dimension(after) }));
  }

  /** Reverses the order along an axis. */
  reverse(axis: number): Tensor { return this.#with("reverse", () => ({ axis: normalizeAxis(axis, this.rank) })); }

  /** Rows of axis 0 at int32 indices: [indices..., rest...]. */
  take(indices: Tensor): Tensor { return apply("take", [this, indices], {}); }

  /** This plus updates [indices..., rest...] at rows of axis 0; repeated indices add up. */
  scatterAdd(indices: Tensor, updates: Tensor): Tensor { return apply("scatterAdd", [this, indices, updates], {}); }

  /** One element along an axis for each int32 index; indices have this tensor's shape but for that axis. */
  takeAlong(indices: Tensor, axis = -1): Tensor {
    return this.#with("takeAlong", () => ({ axis: normalizeAxis(axis, this.rank) }), indices);
  }

  /** This plus updates at indices along an axis; the converse of `takeAlong`. */
  scatterAlong(indices: Tensor, updates: Tensor, axis = -1): Tensor {
    return this.#with("scatterAlong", () => ({ axis: normalizeAxis(axis, this.rank) }), indices, updates);
  }

  #axes(axes: number | readonly number[] | undefined): number[] {
    const list = axes === undefined ? [...Array(this.rank).keys()] : typeof axes === "number" ? [axes] : [...axes];
    const sorted = list.map((axis) => normalizeAxis(axis, this.rank)).sort((a, b) => a - b);
    const twice = sorted.find((axis, at) => axis === sorted[at - 1]);
    if (twice !== undefined) throw new Error(`axis ${twice} is given twice`);
    return sorted;
  }

  /** An operation on this and others, whose attributes are still to be checked. */
  #with<K extends OperationName>(op: K, attributes: () => OperationAttributes[K], ...others: readonly Tensor[]): Tensor {
    const inputs = [this, ...others];
    return apply(op, inputs, onBehalfOf(op, inputs, attributes));
  }

  #lift(value: TensorLike): Tensor {
    return typeof value === "number" ? constant(value, this.dtype) : value;
  }
}

/** A constant scalar, or, given a shape, a constant array. */
export function constant(data: number | readonly number[], dtype: DType = "float32", shape?: readonly number[]): Tensor {
  const values = typeof data === "number" ? [data] : data;
  return apply("constant", [], { data: values, shape: shape ?? (typeof data === "number" ? [] : [values.length]), dtype });
}

/** A feed: an array that every run receives by this name. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return apply("input", [], { name, dtype, shape: shape.map(dimension) });
}

export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return constant(0, dtype).broadcastTo(shape);
}

export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return constant(1, dtype).broadcastTo(shape);
}

/** int32 positions 0, 1, 2, … along one axis of the shape. */
export function iota(shape: Shape, axis = 0): Tensor {
  return apply("iota", [], onBehalfOf("iota", [], () => ({ shape: shape.map(dimension), axis: normalizeAxis(axis, shape.length) })));
}

export function where(condition: Tensor, then: TensorLike, otherwise: TensorLike): Tensor {
  const dtype = then instanceof Tensor ? then.dtype : otherwise instanceof Tensor ? otherwise.dtype : "float32";
  const lift = (value: TensorLike) => (typeof value === "number" ? constant(value, dtype) : value);
  return apply("where", [condition, lift(then), lift(otherwise)], {});
}

export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new Error("concat needs at least one tensor.");
  return tensors.length === 1 ? first : apply("concat", tensors, onBehalfOf("concat", tensors, () => ({ axis: normalizeAxis(axis, first.rank) })));
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(tensors.map((tensor) => tensor.expandDims(axis)), axis);
}

/**
 * Uniform numbers in [0, 1), a pure function of the int32 scalar `seed`, the stream and the position: the same in
 * every engine. Layers of one program use different streams.
 */
export function randomUniform(shape: Shape, seed: Tensor, stream: number): Tensor {
  return apply("random", [seed], { shape: shape.map(dimension), stream });
}

/** Sums a broadcast result back to the shape that was broadcast. */
export function sumTo(tensor: Tensor, shape: Shape): Tensor {
  if (shapesEqual(tensor.shape, shape)) return tensor;
  broadcastShapes(tensor.shape, shape);
  const missing = tensor.rank - shape.length;
  const axes = [...Array(tensor.rank).keys()].filter((axis) => (
    axis < missing || (shape[axis - missing] === 1 && tensor.shape[axis] !== 1)));
  return tensor.sum(axes).reshape(shape);
}
