import { addDims } from "../../graph/dimension.ts";
import type { DType } from "../../graph/dtype.ts";
import { isNode, type Node } from "../../graph/node.ts";
import type { OperationName } from "../../graph/operations.ts";
import { GOLDEN, MIX, MIX_LAST_SHIFT, UNIFORM_SCALE, UNIFORM_SHIFT } from "../../graph/ops/random.ts";
import { shapeSize, type Shape } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { attribute, bytesOf, ONNX_TYPE, type GraphBuilder } from "./builder.ts";
import { FUSED } from "./fused.ts";
import { lowerScan } from "./lower-scan.ts";
import { MICROSOFT_DOMAIN, OnnxType } from "./proto.ts";

type Lowering<K extends OperationName> = (node: Node<K>, builder: GraphBuilder) => readonly string[];

/** An ONNX operator with the same meaning, operand for operand. */
function direct(operator: string) {
  return (node: { readonly inputs: readonly Tensor[] }, builder: GraphBuilder): readonly string[] => (
    [builder.add(operator, values(node, builder))]);
}

function values(node: { readonly inputs: readonly Tensor[] }, builder: GraphBuilder): string[] {
  return node.inputs.map((tensor) => builder.value(tensor));
}

function leaf(node: { readonly op: string }): never {
  throw new Error(`${node.op} is not part of the program that is lowered.`);
}

const { int, ints } = attribute;

function toInt64(builder: GraphBuilder, value: string): string {
  return builder.add("Cast", [value], { to: int(OnnxType.int64) });
}

function toInt32(builder: GraphBuilder, value: string): string {
  return builder.add("Cast", [value], { to: int(OnnxType.int32) });
}

/** int32 0, 1, 2, … as many as the dimension says. */
function range(builder: GraphBuilder, count: Parameters<GraphBuilder["dim"]>[0]): string {
  const scalar = builder.add("Reshape", [builder.dim(count), builder.int64([], [0])]);
  return builder.add("Range", [builder.int32(0), toInt32(builder, scalar), builder.int32(1)]);
}

/** Broadcasts to a shape. ONNX Runtime takes an Expand to a size of 0 for one without effect. */
function expand(builder: GraphBuilder, value: string, shape: Shape, dtype: DType): string {
  if (!shape.includes(0)) return builder.add("Expand", [value, builder.shape(shape)]);
  return builder.add("Cast", [builder.add("ConstantOfShape", [builder.shape(shape)])], { to: int(ONNX_TYPE[dtype]) });
}

function mix32(builder: GraphBuilder, value: string): string {
  const shifted = (h: string, by: number): string => (
    builder.add("BitwiseXor", [h, builder.add("BitShift", [h, builder.uint32(by)], { direction: attribute.string("RIGHT") })]));
  const mixed = MIX.reduce((h, [by, factor]) => builder.add("Mul", [shifted(h, by), builder.uint32(factor)]), value);
  return shifted(mixed, MIX_LAST_SHIFT);
}

/** ONNX Runtime goes through the right operand in strips of so many columns, and transposes the left one anew for each. */
const STRIP = 128;

/** Whether a product's left operand is better transposed once, before it. */
function transposesFirst(left: Tensor, right: Tensor): boolean {
  const columns = right.dim(-1);
  return left.rank === 2 && right.rank === 2 && (typeof columns === "string" || columns > STRIP);
}

/** A transposition of the last two axes, which a product takes in its stride. */
function operand(builder: GraphBuilder, tensor: Tensor): { value: string; transposed: boolean } {
  const [source] = tensor.node.inputs;
  if (isNode(tensor.node, "transpose") && source !== undefined) {
    const { permutation } = tensor.node.attributes;
    const rank = permutation.length;
    const swapsLast = permutation.every((axis, at) => axis === (at < rank - 2 ? at : 2 * rank - 3 - at));
    if (swapsLast) return { value: builder.value(source), transposed: true };
  }
  return { value: builder.value(tensor), transposed: false };
}

/** Every operation's form in ONNX; a missing one does not type-check. */
export const lowerings: { readonly [K in OperationName]: Lowering<K> } = {
  negate: direct("Neg"),
  exp: direct("Exp"),
  log: direct("Log"),
  sqrt: direct("Sqrt"),
  tanh: direct("Tanh"),
  sigmoid: direct("Sigmoid"),
  relu: direct("Relu"),
  abs: direct("Abs"),
  sign: direct("Sign"),
  erf: direct("Erf"),
  sin: direct("Sin"),
  cos: direct("Cos"),
  reciprocal: direct("Reciprocal"),
  floor: direct("Floor"),
  add: direct("Add"),
  subtract: direct("Sub"),
  multiply: direct("Mul"),
  divide: direct("Div"),
  maximum: direct("Max"),
  minimum: direct("Min"),
  power: direct("Pow"),
  equal: direct("Equal"),
  less: direct("Less"),
  lessEqual: direct("LessOrEqual"),
  and: direct("And"),
  or: direct("Or"),
  not: direct("Not"),
  where: direct("Where"),
  input: leaf,
  state: leaf,
  constant({ attributes: { data, shape, dtype } }, builder) {
    const array = dtype === "float32" ? Float32Array.from(data) : dtype === "int32" ? Int32Array.from(data) : Uint8Array.from(data);
    return [builder.constant(ONNX_TYPE[dtype], shape as readonly number[], bytesOf(array))];
  },
  stopGradient: values,
  cast: (node, builder) => [builder.add("Cast", values(node, builder), { to: int(ONNX_TYPE[node.attributes.dtype]) })],
  matmul(node, builder) {
    const [left, right] = node.inputs;
    if (left === undefined || right === undefined) return [];
    const a = transposesFirst(left, right) ? { value: builder.value(left), transposed: false } : operand(builder, left);
    const b = operand(builder, right);
    if (!a.transposed && !b.transposed) return [builder.add("MatMul", [a.value, b.value])];
    const [over, shape] = [left.dim(-1), node.types[0]?.shape ?? []];
    if (typeof over === "string" && shape.length > 2) builder.unsetSums.push({ over, size: shapeSize(shape) });
    const flags = { transA: int(Number(a.transposed)), transB: int(Number(b.transposed)) };
    return [builder.add("FusedMatMul", [a.value, b.value], flags, MICROSOFT_DOMAIN)];
  },
  reduceSum: (node, builder) => [builder.add(
    "ReduceSum", [...values(node, builder), builder.int64(node.attributes.axes)],
    { keepdims: int(Number(node.attributes.keep)), noop_with_empty_axes: int(1) },
  )],
  reduceMax: (node, builder) => [builder.add(
    "ReduceMax", [...values(node, builder), builder.int64(node.attributes.axes)],
    { keepdims: int(Number(node.attributes.keep)), noop_with_empty_axes: int(1) },
  )],
  argmax: (node, builder) => [toInt32(builder, builder.add(
    "ArgMax", values(node, builder), { axis: int(node.attributes.axis), keepdims: int(0) }))],
  topK(node, builder) {
    const [best = "", at = ""] = builder.addAll("TopK", [...values(node, builder), builder.int64([node.attributes.count])], {}, 2);
    return [best, toInt32(builder, at)];
  },
  reshape: (node, builder) => [builder.add(
    "Reshape", [...values(node, builder), builder.shape(node.attributes.shape)], { allowzero: int(1) })],
  broadcastTo(node, builder) {
    const { shape } = node.attributes;
    const [value = ""] = values(node, builder);
    return [expand(builder, value, shape, node.types[0]?.dtype ?? "float32")];
  },
  transpose: (node, builder) => [builder.add("Transpose", values(node, builder), { perm: ints(node.attributes.permutation) })],
  concat: (node, builder) => [builder.add("Concat", values(node, builder), { axis: int(node.attributes.axis) })],
  split: (node, builder) => builder.addAll(
    "Split", [...values(node, builder), builder.shape(node.attributes.sizes)],
    { axis: int(node.attributes.axis) }, node.attributes.sizes.length,
  ),
  slice(node, builder) {
    const { axis, start, size } = node.attributes;
    return [builder.add("Slice", [
      ...values(node, builder), builder.dim(start), builder.dim(addDims(start, size)), builder.int64([axis])])];
  },
  pad(node, builder) {
    const { axis, before, after } = node.attributes;
    const type = ONNX_TYPE[node.types[0]?.dtype ?? "float32"];
    const zero = builder.constant(type, [], new Uint8Array(type === OnnxType.bool ? 1 : 4));
    return [builder.add("Pad", [...values(node, builder), builder.shape([before, after]), zero, builder.int64([axis])])];
  },
  reverse: (node, builder) => [builder.add("Slice", [
    ...values(node, builder), builder.int64([-1]), builder.int64([-(2n ** 63n)]), builder.int64([node.attributes.axis]), builder.int64([-1])])],
  take: (node, builder) => [builder.add("Gather", values(node, builder), { axis: int(0) })],
  scatterAdd(node, builder) {
    const [target = "", indices = "", updates = ""] = values(node, builder);
    const rows = builder.add("Unsqueeze", [toInt64(builder, indices), builder.int64([-1])]);
    return [builder.add("ScatterND", [target, rows, updates], { reduction: attribute.string("add") })];
  },
  takeAlong: (node, builder) => [builder.add("GatherElements", values(node, builder), { axis: int(node.attributes.axis) })],
  scatterAlong: (node, builder) => [builder.add(
    "ScatterElements", values(node, builder), { axis: int(node.attributes.axis), reduction: attribute.string("add") })],
  iota(node, builder) {
    const { shape, axis } = node.attributes;
    const line = shape.map((dim, at) => (at === axis ? dim : 1));
    const positions = builder.add("Reshape", [range(builder, shape[axis] ?? 0), builder.shape(line)], { allowzero: int(1) });
    return [expand(builder, positions, shape, "int32")];
  },
  random(node, builder) {
    const { shape, stream } = node.attributes;
    const unsigned = (value: string): string => builder.add("Cast", [value], { to: int(OnnxType.uint32) });
    const [seed = ""] = values(node, builder);
    const key = mix32(builder, builder.add("Add", [unsigned(seed), builder.uint32(Math.imul(stream, GOLDEN))]));
    const counters = builder.add("Mul", [unsigned(range(builder, shapeSize(shape))), builder.uint32(GOLDEN)]);
    const mixed = mix32(builder, builder.add("Add", [counters, key]));
    const high = builder.add("BitShift", [mixed, builder.uint32(UNIFORM_SHIFT)], { direction: attribute.string("RIGHT") });
    const uniform = builder.add("Mul", [builder.add("Cast", [high], { to: int(OnnxType.float32) }), builder.float(UNIFORM_SCALE)]);
    return [builder.add("Reshape", [uniform, builder.shape(shape)], { allowzero: int(1) })];
  },
  scan: lowerScan,
  composite(node, builder) {
    const fused = FUSED.get(node.attributes.label);
    if (fused === undefined) throw new Error(`The composite "${node.attributes.label}" should have been inlined.`);
    return fused(values(node, builder), node.attributes.parameters, builder, node);
  },
};
