import type { DType } from "./dtype.ts";

/** A named array that an engine keeps between runs: a parameter, a moment of the optimiser. */
export interface StateVariable {
  /** Dotted path, unique within a program: `encoder.layers.0.weightInput`. */
  readonly name: string;
  /** Concrete: every dimension is a number. */
  readonly shape: readonly number[];
  readonly dtype: Exclude<DType, "bool">;
  /** Its values before the first run. */
  initialize(): Float32Array | Int32Array;
}
