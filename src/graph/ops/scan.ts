import type { Definition } from "../definition.ts";
import { evaluateGraph } from "../evaluate.ts";
import { ndArray, sizeOf, type NdArray } from "../nd-array.ts";
import { isNode, type Node, type TensorType } from "../node.ts";
import type { OperationAttributes, ScanBody } from "../operations.ts";
import { formatShape, resolveShape, shapesEqual } from "../shape.ts";
import { TensorMap } from "../traverse.ts";
import { Tensor } from "../tensor.ts";

type Scan = OperationAttributes["scan"];

/** Inputs: initial carries, stacked arrays [time, ...], captures. Outputs: final carries, stacked outputs [time, ...]. */
export const scanDefinition: Definition<Scan> = {
  infer(inputs, { body }) {
    body.carries.forEach((carry, at) => {
      requireLike("carry", at, inputs[at], carry);
      requireLike("next carry", at, body.nextCarries[at], carry);
    });
    const stacked = inputs.slice(body.carries.length, body.carries.length + body.slices.length);
    const time = stacked[0]?.shape[0];
    if (time === undefined) throw new Error("a scan needs at least one stacked input, whose first axis is its length");
    body.slices.forEach((slice, at) => {
      const given = stacked[at];
      if (given?.shape[0] !== time) throw new Error(`stacked input ${at} has length ${given?.shape[0]}, the first has ${time}`);
      requireLike("slice of stacked input", at, { dtype: given.dtype, shape: given.shape.slice(1) }, slice);
    });
    return [
      ...body.carries.map(({ shape, dtype }) => ({ shape, dtype })),
      ...body.outputs.map(({ shape, dtype }) => ({ shape: [time, ...shape], dtype })),
    ];
  },

  evaluate(inputs, { body, reverse }, dims) {
    const count = body.carries.length;
    const stacked = inputs.slice(count, count + body.slices.length);
    const captured = inputs.slice(count + body.slices.length);
    const time = stacked[0]?.shape[0] ?? 0;
    let carries = inputs.slice(0, count);
    const results = body.outputs.map(() => new Array<NdArray>(time));
    for (let step = 0; step < time; step++) {
      const at = reverse ? time - 1 - step : step;
      const bound = new TensorMap<NdArray>();
      body.carries.forEach((tensor, i) => bound.set(tensor, present(carries[i])));
      body.slices.forEach((tensor, i) => bound.set(tensor, row(present(stacked[i]), at)));
      body.captures.forEach((tensor, i) => bound.set(tensor, present(captured[i])));
      const values = evaluateGraph([...body.nextCarries, ...body.outputs], bound, dims);
      carries = values.slice(0, count);
      values.slice(count).forEach((value, i) => present(results[i])[at] = value);
    }
    return [...carries, ...results.map((rows, i) => stackRows(rows, present(body.outputs[i]), dims))];
  },
};

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("A scan's inputs do not match its body.");
  return value;
}

function requireLike(what: string, at: number, actual: TensorType | undefined, expected: TensorType): void {
  if (actual === undefined) throw new Error(`${what} ${at} is missing`);
  if (!shapesEqual(actual.shape, expected.shape) || actual.dtype !== expected.dtype) {
    throw new Error(`${what} ${at} is ${actual.dtype} ${formatShape(actual.shape)}, expected ${expected.dtype} ${formatShape(expected.shape)}`);
  }
}

function row(array: NdArray, at: number): NdArray {
  const shape = array.shape.slice(1);
  const size = sizeOf(shape);
  return ndArray(shape, array.dtype, array.data.slice(at * size, (at + 1) * size));
}

function stackRows(rows: readonly NdArray[], like: Tensor, dims: ReadonlyMap<string, number>): NdArray {
  const [first] = rows;
  const shape = first?.shape ?? resolveShape(like.shape, dims);
  const result = ndArray([rows.length, ...shape], like.dtype);
  rows.forEach((array, at) => result.data.set(array.data, at * array.data.length));
  return result;
}

/**
 * Makes a value of a loop's body an additional stacked output of the loop and returns it, stacked. Outputs that the
 * loop already has keep their meaning, so this is safe on a node in use.
 */
export function stackedOutput(node: Node, inner: Tensor): Tensor {
  if (!isNode(node, "scan")) throw new Error("Only a scan has stacked outputs.");
  const body: ScanBody = node.attributes.body;
  const outputs = body.outputs as Tensor[];
  const known = outputs.findIndex((tensor) => tensor.node === inner.node && tensor.index === inner.index);
  const at = known >= 0 ? known : outputs.push(inner) - 1;
  if (known < 0) {
    const time = node.types[body.carries.length]?.shape[0] ?? node.inputs[body.carries.length]?.shape[0] ?? 0;
    (node.types as TensorType[]).push({ shape: [time, ...inner.shape], dtype: inner.dtype });
  }
  return new Tensor(node, body.carries.length + at);
}
