import { composite } from "../graph/control.ts";
import type { Tensor } from "../graph/tensor.ts";
import { constantInitializer, zeroInitializer } from "./initializer.ts";
import { Module, Parameter } from "./module.ts";

/**
 * Layer normalisation over the last axis (Ba, Kiros and Hinton 2016):
 *
 *     y = (x − mean(x)) / √(variance(x) + ε) · gain + bias
 */
export class LayerNorm extends Module {
  readonly gain: Parameter; // [dimension], 1 at first
  readonly bias: Parameter | undefined; // [dimension], 0 at first
  readonly epsilon: number;

  constructor(readonly dimension: number, options: { readonly bias?: boolean; readonly epsilon?: number } = {}) {
    super();
    this.gain = new Parameter([dimension], constantInitializer(1));
    this.bias = options.bias === false ? undefined : new Parameter([dimension], zeroInitializer);
    this.epsilon = options.epsilon ?? 1e-5;
  }

  /** [..., dimension] → the same. */
  forward(x: Tensor): Tensor {
    return this.within(() => layerNorm(x, this.gain.tensor, this.bias?.tensor, this.epsilon));
  }
}

/** Normalisation by the root mean square alone (Zhang and Sennrich 2019): y = x / √(mean(x²) + ε) · gain. */
export class RmsNorm extends Module {
  readonly gain: Parameter; // [dimension], 1 at first
  readonly epsilon: number;

  constructor(readonly dimension: number, options: { readonly epsilon?: number } = {}) {
    super();
    this.gain = new Parameter([dimension], constantInitializer(1));
    this.epsilon = options.epsilon ?? 1e-6;
  }

  /** [..., dimension] → the same. */
  forward(x: Tensor): Tensor {
    return this.within(() => rmsNorm(x, this.gain.tensor, this.epsilon));
  }
}

function layerNorm(x: Tensor, gain: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
  const inputs = bias === undefined ? [x, gain] : [x, gain, bias];
  const [y] = composite("layerNorm", inputs, (value, factor, offset) => {
    if (value === undefined || factor === undefined) throw new Error("Layer normalisation takes an input and a gain.");
    const mean = value.mean(-1, true);
    const centred = value.subtract(mean);
    const inverse = centred.square().mean(-1, true).add(epsilon).sqrt().reciprocal(); // [..., 1]
    const scaled = centred.multiply(inverse).multiply(factor);
    return [offset === undefined ? scaled : scaled.add(offset), mean, inverse];
  }, {
    parameters: { epsilon },
    gradient: ([value, factor, offset], [, mean, inverse], [dy]) => {
      if (value === undefined || factor === undefined || mean === undefined || inverse === undefined || dy === undefined) return [];
      const normal = value.subtract(mean).multiply(inverse);
      const byNormal = dy.multiply(factor);
      const along = normal.multiply(byNormal.multiply(normal).mean(-1, true)).add(byNormal.mean(-1, true));
      return [byNormal.subtract(along).multiply(inverse), overRows(dy.multiply(normal)), offset && overRows(dy)];
    },
  });
  if (y === undefined) throw new Error("Layer normalisation has an output.");
  return y;
}

function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  const [y] = composite("rmsNorm", [x, gain], (value, factor) => {
    if (value === undefined || factor === undefined) throw new Error("RMS normalisation takes an input and a gain.");
    const inverse = value.square().mean(-1, true).add(epsilon).sqrt().reciprocal(); // [..., 1]
    return [value.multiply(inverse).multiply(factor), inverse];
  }, {
    parameters: { epsilon },
    gradient: ([value, factor], [, inverse], [dy]) => {
      if (value === undefined || factor === undefined || inverse === undefined || dy === undefined) return [];
      const normal = value.multiply(inverse);
      const byNormal = dy.multiply(factor);
      const along = normal.multiply(byNormal.multiply(normal).mean(-1, true));
      return [byNormal.subtract(along).multiply(inverse), overRows(dy.multiply(normal))];
    },
  });
  if (y === undefined) throw new Error("RMS normalisation has an output.");
  return y;
}

/** Σ over all axes but the last: [dimension]. */
function overRows(x: Tensor): Tensor {
  return x.sum([...Array(x.rank - 1).keys()]);
}
