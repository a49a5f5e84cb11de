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

/** x Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016, section 2). */
export function gelu(x: Tensor): Tensor {
  return only(composite("gelu", [x], (argument) => [argument.multiply(normalDistribution(argument))], {
    gradient: ([argument], _outputs, [dy]) => {
      if (argument === undefined || dy === undefined) return [];
      const density = argument.square().multiply(-0.5).exp().multiply(1 / Math.sqrt(2 * Math.PI));
      return [dy.multiply(normalDistribution(argument).add(argument.multiply(density)))];
    },
  }));
}

function normalDistribution(x: Tensor): Tensor {
  return x.multiply(Math.SQRT1_2).erf().multiply(0.5).add(0.5);
}

/** The approximation x σ(2 √(2/π) (x + 0.044715 x³)) of `gelu` (Hendrycks and Gimpel 2016, section 2), as in GPT-2. */
export function geluTanh(x: Tensor): Tensor {
  return only(composite("geluTanh", [x], (argument) => [argument.multiply(normalApproximation(argument))], {
    gradient: ([argument], _outputs, [dy]) => {
      if (argument === undefined || dy === undefined) return [];
      const share = normalApproximation(argument);
      const slope = argument.square().multiply(3 * GELU_CUBIC * GELU_SCALE).add(GELU_SCALE); // of σ's argument
      return [dy.multiply(share.add(argument.multiply(slope).multiply(share.subtract(share.square()))))];
    },
  }));
}

const GELU_CUBIC = 0.044715;
const GELU_SCALE = 2 * Math.sqrt(2 / Math.PI);

function normalApproximation(x: Tensor): Tensor {
  return x.multiply(x.square().multiply(GELU_CUBIC * GELU_SCALE).add(GELU_SCALE)).sigmoid();
}

/** x σ(x) (Hendrycks and Gimpel 2016, section 4; Ramachandran et al. 2017: Swish). */
export function silu(x: Tensor): Tensor {
  return only(composite("silu", [x], (argument) => [argument.multiply(argument.sigmoid())], {
    gradient: ([argument], _outputs, [dy]) => {
      if (argument === undefined || dy === undefined) return [];
      const share = argument.sigmoid();
      return [dy.multiply(share.add(argument.multiply(share.subtract(share.square()))))];
    },
  }));
}
