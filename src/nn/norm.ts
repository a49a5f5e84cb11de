import { composite } from "../graph/control.ts";
import { shapeSize } from "../graph/shape.ts";
import { ones, type Tensor } from "../graph/tensor.ts";
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
      const share = dy.multiply(normal);
      const byNormal = dy.multiply(factor);
      // Means over the last axis are products with the gain, so what is averaged is never written out.
      const along = normal.multiply(weightedMean(share, factor)).add(weightedMean(dy, factor));
      return [byNormal.subtract(along).multiply(inverse), sumOfRows(share), offset && sumOfRows(dy)];
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
      const share = dy.multiply(normal);
      return [dy.multiply(factor).subtract(normal.multiply(weightedMean(share, factor))).multiply(inverse), sumOfRows(share)];
    },
  });
  if (y === undefined) throw new Error("RMS normalisation has an output.");
  return y;
}

/** mean(x · weight) along the last axis: [..., 1]. */
function weightedMean(x: Tensor, weight: Tensor): Tensor {
  const size = x.dim(-1);
  const rows = x.reshape([-1, size]).matmul(weight.reshape([size, 1])); // [rows, 1]
  return rows.divide(Number(size)).reshape([...x.shape.slice(0, -1), 1]);
}

/** Σ over all axes but the last: [dimension]. */
function sumOfRows(x: Tensor): Tensor {
  const rows = shapeSize(x.shape.slice(0, -1));
  return ones([1, rows]).matmul(x.reshape([rows, x.dim(-1)])).reshape([x.dim(-1)]);
}
