import { dimensionValue, divideDims, multiplyDims, type Dim, type DimValues } from "./dimension.ts";

export type Shape = readonly Dim[];

/** `[batch, 512]` */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

export function shapeSize(shape: Shape): Dim {
  return shape.reduce<Dim>(multiplyDims, 1);
}

/** The shape's numbers, given the values of its named dimensions. */
export function resolveShape(shape: Shape, values: DimValues): number[] {
  return shape.map((dim) => dimensionValue(dim, values));
}

/** NumPy's broadcasting. Throws where two dimensions are neither equal nor 1. */
export function broadcastShapes(...shapes: Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[axis - rank + shape.length] ?? 1;
      if (dim === 1 || dim === result) continue;
      if (result !== 1) {
        throw new Error(`shapes ${shapes.map(formatShape).join(" and ")} do not broadcast: ${result} and ${dim} differ`);
      }
      result = dim;
    }
    return result;
  });
}

/** A non-negative axis. Throws where it is out of range. */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new Error(`axis ${axis} is out of range for ${rank} dimensions`);
  }
  return positive;
}

/** Replaces one -1 by what makes the sizes equal. Throws where they are not, or where more than one is left open. */
export function completeShape(from: Shape, to: Shape): Shape {
  const total = shapeSize(from);
  const unknown = to.indexOf(-1);
  if (unknown < 0) {
    if (shapeSize(to) !== total) {
      throw new Error(`${formatShape(from)} has ${total} elements, ${formatShape(to)} has ${shapeSize(to)}`);
    }
    return to;
  }
  if (to.includes(-1, unknown + 1)) throw new Error(`${formatShape(to)} leaves more than one size open`);
  const rest = shapeSize(to.filter((_, axis) => axis !== unknown));
  const size = divideDims(total, rest);
  if (size === undefined) throw new Error(`${formatShape(from)} cannot be divided into ${formatShape(to)}`);
  return to.map((dim, axis) => (axis === unknown ? size : dim));
}
