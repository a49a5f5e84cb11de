import type { Law } from "../../laws/law.ts";
import type { Observation, Scale } from "../../observation.ts";

/** The logarithm of the loss at a point, and its derivatives by the coordinates, written into `gradient`. */
export type LogLoss = (point: number, coordinates: Float64Array, gradient: Float64Array) => number;

/**
 * A law as an optimiser sees it. Its coordinates are its parameters in their order, positive ones that may lie anywhere
 * as natural logarithms, as in Hoffmann et al. 2022, appendix D.2.
 */
export interface LawForm {
  readonly law: Law;
  /** How each parameter becomes a coordinate. */
  readonly kinds: readonly CoordinateKind[];
  /** Exponents that may be asked to be equal. */
  readonly exponents?: readonly [string, string];
  /** The law at given scales. */
  bind(scales: readonly Scale[]): LogLoss;
  /** Coordinates to start from, on a grid or drawn evenly. */
  starts(observations: readonly Observation[]): Float64Array[];
}

export type CoordinateKind = "log" | "linear";

export function toCoordinate(value: number, kind: CoordinateKind): number {
  return kind === "log" ? Math.log(value) : value;
}

export function toParameter(coordinate: number, kind: CoordinateKind): number {
  return kind === "log" ? Math.exp(coordinate) : coordinate;
}

/** All combinations of the axes' values. */
export function grid(...axes: (readonly number[])[]): Float64Array[] {
  const rows = axes.reduce<number[][]>((before, axis) => before.flatMap((row) => axis.map((value) => [...row, value])), [[]]);
  return rows.map((row) => Float64Array.from(row));
}

export function logarithms(values: readonly number[]): Float64Array {
  return Float64Array.from(values, Math.log);
}

export function median(values: readonly number[] | Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
