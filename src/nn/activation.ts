import { composite } from "../graph/control.ts";
import type { Tensor } from "../graph/tensor.ts";
import { bySlices } from "./slices.ts";

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
  return activation("gelu", x, (value) => value.multiply(normalDistribution(value)), (value, _y, dy) => {
    const density = value.square().multiply(-0.5).exp().multiply(1 / Math.sqrt(2 * Math.PI));
    return dy.multiply(normalDistribution(value).add(value.multiply(density)));
  });
}

function normalDistribution(x: Tensor): Tensor {
  return x.multiply(Math.SQRT1_2).erf().multiply(0.5).add(0.5);
}

const GELU_CUBIC = 0.044715;
const GELU_SCALE = 2 * Math.sqrt(2 / Math.PI);

/** The approximation x σ(2 √(2/π) (x + 0.044715 x³)) of `gelu` (Hendrycks and Gimpel 2016, section 2), as in GPT-2. */
export function geluTanh(x: Tensor): Tensor {
  const cubic = (value: Tensor): Tensor => value.square().multiply(GELU_CUBIC * GELU_SCALE);
  const share = (value: Tensor, ownCubic: Tensor): Tensor => value.multiply(ownCubic.add(GELU_SCALE)).sigmoid();
  return activation("geluTanh", x, (value) => value.multiply(share(value, cubic(value))), (value, y, dy) => {
    const own = cubic(value);
    const gate = share(value, own);
    const slope = own.multiply(3).add(GELU_SCALE); // of σ's argument
    return dy.multiply(gate.add(y.multiply(slope).multiply(gate.negate().add(1))));
  });
}

/** x σ(x) (Hendrycks and Gimpel 2016, section 4; Ramachandran et al. 2017: Swish). */
export function silu(x: Tensor): Tensor {
  return activation("silu", x, (value) => value.multiply(value.sigmoid()), (value, y, dy) => {
    const gate = value.sigmoid();
    return dy.multiply(gate.add(y.multiply(gate.negate().add(1))));
  });
}

/** A function of each element by itself, and its derivative. */
function activation(
  label: string, x: Tensor, value: (x: Tensor) => Tensor, slope: (x: Tensor, y: Tensor, dy: Tensor) => Tensor,
): Tensor {
  return only(composite(label, [x], (argument) => [value(argument)], {
    gradient: ([argument], [y], [dy]) => {
      if (argument === undefined || y === undefined || dy === undefined) return [];
      return bySlices([argument, y, dy], (own, ownY, ownDy) => [slope(own, ownY, ownDy)]);
    },
  }));
}
