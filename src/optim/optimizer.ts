import type { StateUpdate } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import { apply } from "../graph/apply.ts";
import type { Tensor } from "../graph/tensor.ts";

/** A variable with its derivative. */
export interface Slope {
  readonly variable: StateVariable;
  readonly gradient: Tensor;
  /** float32 scalar by which the gradient is multiplied first, as for clipping and averaging. */
  readonly scale?: Tensor;
}

/** Turns gradients into the new values of parameters and of the optimiser's own state. */
export interface Optimizer {
  /** `learningRate` (a float32 scalar) replaces the one the optimiser was made with. */
  update(slopes: readonly Slope[], learningRate?: Tensor): StateUpdate[];
}

/** The value of a variable in a graph. */
export function read(variable: StateVariable): Tensor {
  return apply("state", [], { variable });
}

/** A variable of the optimiser's own, beside a parameter or alone; zero at first. */
export function ownVariable(name: string, shape: readonly number[]): StateVariable {
  return {
    name, shape, dtype: "float32",
    initialize: () => new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
  };
}
