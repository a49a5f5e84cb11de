import { composite } from "../graph/control.ts";
import type { Tensor } from "../graph/tensor.ts";

function only(outputs: readonly Tensor[]): Tensor {
  const [output] = outputs;
  if (output === undefined) throw new Error("A composite has an output.");
  return output;
}

/** exp(x) / Σ exp(x) along the last axis. */
export function softmax(x: Tensor): Tensor {
  return only(composite("softmax", [x], (argument) => {
    const powers = argument.subtract(argument.max(-1, true)).exp();
    return [powers.divide(powers.sum(-1, true))];
  }, {
    gradient: (_inputs, [y], [dy]) => {
      if (y === undefined || dy === undefined) return [];
      const product = dy.multiply(y);
      return [product.subtract(y.multiply(product.sum(-1, true)))];
    },
  }));
}

/** log softmax along the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return only(composite("logSoftmax", [x], (argument) => {
    const shifted = argument.subtract(argument.max(-1, true));
    return [shifted.subtract(shifted.exp().sum(-1, true).log())];
  }, {
    gradient: (_inputs, [y], [dy]) => (y && dy ? [dy.subtract(y.exp().multiply(dy.sum(-1, true)))] : []),
  }));
}
