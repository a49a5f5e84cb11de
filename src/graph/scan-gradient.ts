import { applyAll } from "./apply.ts";
import { placeholder } from "./control.ts";
import { multiplyDims } from "./dimension.ts";
import { backpropagate } from "./gradients.ts";
import type { Node } from "./node.ts";
import { leftGradient, rightGradient } from "./ops/matmul.ts";
import { stackedOutput } from "./ops/scan.ts";
import { shapesEqual } from "./shape.ts";
import { zeros, type Tensor } from "./tensor.ts";
import { capturesOf, dependents, rewrite, TensorMap, tensorKey } from "./traverse.ts";

/** A product of a loop-invariant matrix inside a loop, whose derivative by that matrix is taken outside. */
interface DeferredProduct {
  readonly capture: Tensor;
  readonly operand: 0 | 1;
  readonly other: Tensor;
  readonly cotangent: Tensor;
}

/**
 * The gradient of a loop is a loop in the other direction. Values of the forward body that the backward body needs
 * become stacked outputs of the forward loop. Derivatives by matrices of the enclosing graph are not accumulated step
 * by step: the operands come out stacked, and one product after the loop contracts time, batch and rows at once.
 */
export function scanGradient(
  node: Node<"scan">,
  cotangents: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): (Tensor | undefined)[] {
  const { body, reverse } = node.attributes;
  const carryCount = body.carries.length;
  const sliceCount = body.slices.length;
  const outputCount = cotangents.length - carryCount;
  const deferred: DeferredProduct[] = [];
  const captureIndex = new TensorMap(body.captures.map((tensor, at) => [tensor, at] as const));

  const floats = body.carries.flatMap((carry, at) => (carry.dtype === "float32" ? [at] : []));
  const carrySlopes = body.carries.map((carry, at) => (floats.includes(at) ? placeholder(`slope${at}`, carry) : undefined));
  const outputSlopes = body.outputs.slice(0, outputCount).map((output, at) => (
    cotangents[carryCount + at] === undefined ? undefined : placeholder(`outputSlope${at}`, output)));

  const wantedCaptures = body.captures.filter((_, at) => wanted[carryCount + sliceCount + at]);
  const slopes = backpropagate(
    [...body.nextCarries, ...body.outputs.slice(0, outputCount)],
    [...carrySlopes, ...outputSlopes],
    [...body.carries, ...body.slices, ...wantedCaptures],
    { defer: (product, operand, cotangent) => {
      const [left, right] = product.inputs;
      const capture = product.inputs[operand];
      const other = operand === 0 ? right : left;
      if (capture === undefined || other === undefined || left === undefined || !captureIndex.has(capture)) return false;
      if (!contractible(capture, other, cotangent)) return false;
      deferred.push({ capture, operand, other, cotangent });
      return true;
    } },
  );
  const captureSlopes = new TensorMap<Tensor>();
  const accumulated = wantedCaptures.flatMap((capture, at) => {
    const slope = slopes[carryCount + sliceCount + at];
    return slope === undefined ? [] : [{ capture, slope, sum: placeholder("sum", capture) }];
  });

  const nextCarries = [
    ...floats.map((at) => slopes[at] ?? zeros(body.carries[at]?.shape ?? [])),
    ...accumulated.map(({ sum, slope }) => sum.add(slope)),
  ];
  const sliceSlopes = body.slices.map((_, at) => (wanted[carryCount + at] === true ? slopes[carryCount + at] : undefined));
  // One output each, however many uses: the slope of a projected input is also the cotangent of the product beside it.
  const outputIndex = new TensorMap<number>();
  const outputs: Tensor[] = [];
  for (const slope of [...sliceSlopes, ...deferred.map(({ cotangent }) => cotangent)]) {
    if (slope !== undefined && !outputIndex.has(slope)) outputIndex.set(slope, outputs.push(slope) - 1);
  }
  const carries = [...floats.map((at) => carrySlopes[at] ?? fail()), ...accumulated.map(({ sum }) => sum)];
  const initial = [
    ...floats.map((at) => cotangents[at] ?? zeros(body.carries[at]?.shape ?? [])),
    ...accumulated.map(({ capture }) => zeros(capture.shape)),
  ];

  // Values of the forward body become slices of stacked arrays.
  const slices = new TensorMap<Tensor>();
  const stackedInputs: Tensor[] = [];
  const slicePlaceholders: Tensor[] = [];
  const addSlice = (slice: Tensor, stacked: Tensor): Tensor => {
    slicePlaceholders.push(slice);
    stackedInputs.push(stacked);
    return slice;
  };
  outputSlopes.forEach((slope, at) => {
    const stacked = cotangents[carryCount + at];
    if (slope !== undefined && stacked !== undefined) addSlice(slope, stacked);
  });
  const stackedForward = (inner: Tensor): Tensor => {
    const at = body.slices.findIndex((slice) => tensorKey(slice) === tensorKey(inner));
    return at >= 0 ? node.inputs[carryCount + at] ?? fail() : stackedOutput(node, inner);
  };
  const results = [...nextCarries, ...outputs];
  const placeholders = new TensorMap([...body.carries, ...body.slices].map((tensor) => [tensor, true] as const));
  const forward = dependents([...body.nextCarries, ...body.outputs], placeholders);
  const isInvariant = (tensor: Tensor): boolean => !placeholders.has(tensor) && !forward.has(tensor.node);
  for (const inner of residuals(results, isInvariant)) {
    slices.set(inner, addSlice(placeholder("residual", inner), stackedForward(inner)));
  }
  if (stackedInputs.length === 0) {
    const stacked = node.inputs[carryCount] ?? fail();
    addSlice(placeholder("length", { shape: stacked.shape.slice(1), dtype: stacked.dtype }), stacked);
  }
  const rewritten = rewrite(results, slices);
  const backward = {
    carries, slices: slicePlaceholders,
    nextCarries: rewritten.slice(0, carries.length), outputs: rewritten.slice(carries.length),
  };
  const captures = capturesOf(backward);
  const loop = applyAll("scan", [...initial, ...stackedInputs, ...captures], { body: { ...backward, captures }, reverse: !reverse });

  const stackedSlope = (slope: Tensor): Tensor => loop[carries.length + (outputIndex.get(slope) ?? fail())] ?? fail();
  const bySlices = sliceSlopes.map((slope) => slope && stackedSlope(slope));
  for (const product of deferred) {
    const slope = contract(product, stackedSlope(product.cotangent), isInvariant(product.other) ? undefined : stackedForward(product.other));
    const sum = captureSlopes.get(product.capture);
    captureSlopes.set(product.capture, sum === undefined ? slope : sum.add(slope));
  }
  accumulated.forEach(({ capture }, at) => {
    const slope = loop[floats.length + at] ?? fail();
    const sum = captureSlopes.get(capture);
    captureSlopes.set(capture, sum === undefined ? slope : sum.add(slope));
  });
  return [
    ...body.carries.map((_, at) => (floats.includes(at) ? loop[floats.indexOf(at)] : undefined)),
    ...bySlices,
    ...body.captures.map((capture) => captureSlopes.get(capture)),
  ];
}

function fail(): never {
  throw new Error("A loop's gradient lost one of its values.");
}

/** The forward body's values that the backward results mention directly; of a split's parts, what was split. */
function residuals(backward: readonly Tensor[], isInvariant: (tensor: Tensor) => boolean): Tensor[] {
  const found = new TensorMap<true>();
  const seen = new Set<Node>();
  const pending = [...backward];
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (!isInvariant(tensor) && tensor.node.op !== "split") {
      found.set(tensor, true);
    } else if (!seen.has(tensor.node)) {
      seen.add(tensor.node);
      pending.push(...tensor.node.inputs);
    }
  }
  return found.keys();
}

/** Whether one product over stacked operands gives the derivative: a plain matrix, or equal batch axes throughout. */
function contractible(capture: Tensor, other: Tensor, cotangent: Tensor): boolean {
  const batch = other.shape.slice(0, -2);
  if (!shapesEqual(batch, cotangent.shape.slice(0, -2))) return false;
  return capture.rank === 2 || shapesEqual(capture.shape.slice(0, -2), batch);
}

/** Contracts the stacked cotangents with the other operand, stacked, or the same at every step. */
function contract({ capture, operand, other }: DeferredProduct, cotangent: Tensor, stackedOther: Tensor | undefined): Tensor {
  const stacked = stackedOther ?? other.broadcastTo([cotangent.dim(0), ...other.shape]);
  if (capture.rank === 2) {
    return operand === 1 ? rightGradient(stacked, capture, cotangent) : leftGradient(capture, stacked, cotangent);
  }
  return operand === 1
    ? timeIntoRows(stacked, -2).transpose().matmul(timeIntoRows(cotangent, -2))
    : timeIntoRows(cotangent, -1).matmul(timeIntoRows(stacked, -1).transpose());
}

/** [time, batch..., m, n] → [batch..., time·m, n] (axis -2) or [batch..., m, time·n] (axis -1). */
function timeIntoRows(stacked: Tensor, axis: -2 | -1): Tensor {
  const { rank } = stacked;
  const batch = [...Array(rank - 3).keys()].map((at) => at + 1);
  const [m, n] = [rank - 2, rank - 1];
  const order = axis === -2 ? [...batch, 0, m, n] : [...batch, m, 0, n];
  const moved = stacked.transpose(order);
  const shape = moved.shape.slice(0, rank - 3);
  return moved.reshape(axis === -2
    ? [...shape, multiplyDims(stacked.dim(0), stacked.dim(m)), stacked.dim(n)]
    : [...shape, stacked.dim(m), multiplyDims(stacked.dim(0), stacked.dim(n))]);
}
