import { composite, scan } from "../graph/control.ts";
import { addDims, ceilDivideDims, multiplyDims, subtractDims, type Dim } from "../graph/dimension.ts";
import { shapeSize, type Shape } from "../graph/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { logSoftmax } from "./activation.ts";

/** Negative log-likelihood of int32 labels [...] under logits [..., classes], averaged: a scalar, in nats. */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return logSoftmax(logits).takeAlong(labels.expandDims(-1), -1).mean().negate();
}

export interface LinearCrossEntropyOptions {
  /** One offset a class: [vocabulary]. */
  readonly bias?: Tensor | undefined;
  /** ε of Szegedy et al. 2016, section 7: the target is (1 - ε) one-hot + ε / vocabulary. */
  readonly labelSmoothing?: number;
  /** Weight of log²Z, Z being the sum of the exponential logits, beside the loss (Chowdhery et al. 2022, section 5). */
  readonly zLoss?: number;
}

export interface LinearCrossEntropy {
  /** What training minimises, by position: the shape of the labels, nats. */
  readonly losses: Tensor;
  /** -log p(label), without smoothing, by position: the shape of the labels, nats. With `labelSmoothing` or `zLoss` it has no derivative. */
  readonly negativeLogLikelihoods: Tensor;
}

/** Label of the composite that `linearCrossEntropy` is: of hidden, weight, labels and perhaps bias. */
export const LINEAR_CROSS_ENTROPY = "linearCrossEntropy";

/** Rows whose logits are computed together: enough for a product to run at full speed, few enough for the cache. */
const BLOCK = 256;

/**
 * Cross-entropy of hidden W ᵀ + b against labels. hidden [..., dimension], W [vocabulary, dimension], labels int32 [...].
 *
 * The logits of one block of rows are turned into losses and derivatives while they are in the cache; of the whole batch
 * the derivatives alone exist, and only where they are asked for: ∂loss/∂logits = softmax(logits) - target.
 */
export function linearCrossEntropy(
  hidden: Tensor, weight: Tensor, labels: Tensor, { bias, labelSmoothing = 0, zLoss = 0 }: LinearCrossEntropyOptions = {},
): LinearCrossEntropy {
  const vocabulary = weight.dim(0);
  if (typeof vocabulary !== "number") throw new Error("The vocabulary must have a known size.");
  const blocks = new Blocks(shapeSize(labels.shape));
  const inputs = bias === undefined ? [hidden, weight, labels] : [hidden, weight, labels, bias];
  const [losses, negativeLogLikelihoods] = composite(LINEAR_CROSS_ENTROPY, inputs, (h, w, y, b) => {
    if (h === undefined || w === undefined || y === undefined) throw new Error("Cross-entropy takes hidden, weight and labels.");
    const { outputs: [loss, nll, smooth] } = scan([], [blocks.split(h, 1), blocks.split(y, 0)], (_carries, [rows, label]) => {
      if (rows === undefined || label === undefined) throw new Error("A block has rows and their labels.");
      const product = rows.matmul(w.transpose()); // [rows, vocabulary]
      const logits = b === undefined ? product : product.add(b);
      const logProbabilities = logSoftmax(logits);
      const nllHere = logProbabilities.takeAlong(label.expandDims(-1), -1).squeeze(-1).negate(); // [rows]
      const smoothed = labelSmoothing === 0 ? nllHere
        : nllHere.multiply(1 - labelSmoothing).subtract(logProbabilities.sum(-1).multiply(labelSmoothing / vocabulary));
      // log Z = logit - log p, of any class. ∂(ζ log²Z)/∂logits = 2 ζ log Z · softmax(logits)
      const logZ = zLoss === 0 ? undefined : logits.takeAlong(label.expandDims(-1), -1).squeeze(-1).add(nllHere);
      const lossHere = logZ === undefined ? smoothed : smoothed.add(logZ.square().multiply(zLoss));
      const likely = logProbabilities.exp();
      const probabilities = logZ === undefined ? likely : likely.multiply(logZ.multiply(2 * zLoss).add(1).expandDims(-1));
      const smoothHere = labelSmoothing === 0 ? probabilities : probabilities.subtract(labelSmoothing / vocabulary);
      return { carries: [], outputs: [lossHere, nllHere, smoothHere] };
    });
    if (loss === undefined || nll === undefined || smooth === undefined) throw new Error("A block has losses.");
    return [blocks.join(loss, labels.shape), blocks.join(nll, labels.shape), smooth];
  }, { parameters: { labelSmoothing, zLoss }, gradient: ([h, w, y, b], [, , smooth], [dLoss, dNll, dSmooth]) => {
    if (dNll !== undefined) throw new Error('-log p beside a smoothed loss, or one with log²Z, has no derivative. Differentiate "losses", or leave labelSmoothing and zLoss out.');
    if (dSmooth !== undefined) return undefined; // a second derivative
    if (h === undefined || w === undefined || y === undefined || smooth === undefined || dLoss === undefined) return [];
    // The one-hot part of the target is never written out: it takes rows of W and adds to rows of its derivative.
    const hit = 1 - labelSmoothing;
    const factor = dLoss.expandDims(-1); // [..., 1]
    const scaled = h.multiply(factor);
    const rows = blocks.rowsOf(smooth); // [padded rows, vocabulary]
    const byHidden = blocks.join(smooth.matmul(w), h.shape).subtract(w.take(y).multiply(hit)).multiply(factor);
    const byColumns = blocks.pad(scaled, 1).transpose().matmul(rows); // [dimension, vocabulary]: the narrow operand is transposed
    const byWeight = byColumns.transpose().scatterAdd(y, scaled.multiply(-hit));
    const byBias = b && blocks.pad(dLoss, 0).expandDims(0).matmul(rows).reshape([vocabulary]).scatterAdd(y, dLoss.multiply(-hit));
    return [byHidden, byWeight, undefined, byBias];
  } });
  if (losses === undefined || negativeLogLikelihoods === undefined) throw new Error("Cross-entropy has two results.");
  return { losses, negativeLogLikelihoods: labelSmoothing === 0 && zLoss === 0 ? losses : negativeLogLikelihoods };
}

/** Cuts rows into blocks of about equal height, the last one filled up with zeros. */
export class Blocks {
  readonly #rows: Dim;
  readonly #count: Dim;
  readonly #height: Dim;
  readonly #padded: Dim;

  constructor(rows: Dim) {
    this.#rows = rows;
    this.#count = ceilDivideDims(addDims(rows, 1), BLOCK); // one at least
    this.#height = ceilDivideDims(rows, this.#count);
    this.#padded = multiplyDims(this.#count, this.#height);
  }

  /** [..., features] as [padded rows, features], where `deep` counts the axes of features. */
  pad(tensor: Tensor, deep: 0 | 1): Tensor {
    const features = tensor.shape.slice(tensor.rank - deep);
    const missing = subtractDims(this.#padded, this.#rows);
    const rows = tensor.reshape([this.#rows, ...features]);
    return missing === 0 ? rows : rows.pad(0, 0, missing);
  }

  /** [..., features] as [blocks, height, features]. */
  split(tensor: Tensor, deep: 0 | 1): Tensor {
    return this.pad(tensor, deep).reshape([this.#count, this.#height, ...tensor.shape.slice(tensor.rank - deep)]);
  }

  /** [blocks, height, features...] as [padded rows, features...]. */
  rowsOf(blocks: Tensor): Tensor {
    return blocks.reshape([this.#padded, ...blocks.shape.slice(2)]);
  }

  /** [blocks, height, features...] in the given shape, without what was filled up. */
  join(blocks: Tensor, shape: Shape): Tensor {
    const rows = this.rowsOf(blocks);
    return (this.#padded === this.#rows ? rows : rows.slice(0, 0, this.#rows)).reshape(shape);
  }
}
