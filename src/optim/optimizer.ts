import type { StateUpdate } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import { apply } from "../graph/apply.ts";
import { gradients } from "../graph/gradients.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Parameter } from "../nn/module.ts";

/** A variable with its derivative. */
export interface Slope {
  readonly variable: StateVariable;
  readonly gradient: Tensor;
  /** float32 scalar by which the gradient is multiplied first, as for clipping and averaging. */
  readonly scale?: Tensor;
}

/**
 * The derivative of a float32 scalar by each parameter, ready for an optimiser.
 *
 *     const updates = adam({ learningRate: 1e-3 }).update(slopes(loss, model.parameters()));
 */
export function slopes(loss: Tensor, parameters: readonly Parameter[]): Slope[] {
  const derivatives = gradients(loss, parameters.map(({ tensor }) => tensor));
  return derivatives.flatMap((gradient, at) => {
    const variable = parameters[at];
    return variable === undefined ? [] : [{ variable, gradient }];
  });
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
