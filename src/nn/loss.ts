import { customGradient, scan } from "../graph/control.ts";
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
}

export interface LinearCrossEntropy {
  /** What training minimises, by position: [time, batch], nats. */
  readonly losses: Tensor;
  /** -log p(label), without smoothing, by position: [time, batch], nats. Beside a smoothed loss it has no derivative. */
  readonly negativeLogLikelihoods: Tensor;
}

/**
 * Cross-entropy of hidden W ᵀ + b against labels. hidden [time, batch, dimension], W [vocabulary, dimension],
 * labels int32 [time, batch].
 *
 * The logits of one time step are turned into losses and derivatives while they are in the cache; logits of the whole
 * batch never exist. Derivatives: ∂loss/∂logits = softmax(logits) - target.
 */
export function linearCrossEntropy(
  hidden: Tensor, weight: Tensor, labels: Tensor, { bias, labelSmoothing = 0 }: LinearCrossEntropyOptions = {},
): LinearCrossEntropy {
  const vocabulary = weight.dim(0);
  if (typeof vocabulary !== "number") throw new Error("The vocabulary must have a known size.");
  const inputs = bias === undefined ? [hidden, weight, labels] : [hidden, weight, labels, bias];
  const [losses, negativeLogLikelihoods] = customGradient(inputs, (h, w, y, b) => {
    if (h === undefined || w === undefined || y === undefined) throw new Error("Cross-entropy takes hidden, weight and labels.");
    return scan([], [h, y], (_carries, [row, label]) => {
      if (row === undefined || label === undefined) throw new Error("A step has a row and its labels.");
      const product = row.matmul(w.transpose()); // [batch, vocabulary]
      const logProbabilities = logSoftmax(b === undefined ? product : product.add(b));
      const nll = logProbabilities.takeAlong(label.expandDims(-1), -1).squeeze(-1).negate(); // [batch]
      const loss = labelSmoothing === 0 ? nll
        : nll.multiply(1 - labelSmoothing).subtract(logProbabilities.sum(-1).multiply(labelSmoothing / vocabulary));
      const probabilities = logProbabilities.exp();
      const smooth = labelSmoothing === 0 ? probabilities : probabilities.subtract(labelSmoothing / vocabulary);
      return { carries: [], outputs: [loss, nll, smooth] };
    }).outputs;
  }, ([h, w, y, b], [, , smooth], [dLoss, dNll]) => {
    if (dNll !== undefined) throw new Error('-log p beside a smoothed loss has no derivative. Differentiate "losses", or smooth by 0.');
    if (h === undefined || w === undefined || y === undefined || smooth === undefined || dLoss === undefined) return [];
    // The one-hot part of the target is never written out: it takes rows of W and adds to rows of its derivative.
    const hit = 1 - labelSmoothing;
    const factor = dLoss.expandDims(-1); // [time, batch, 1]
    const rows = smooth.reshape([-1, vocabulary]); // [time·batch, vocabulary]
    const scaled = h.multiply(factor);
    const byHidden = rows.matmul(w).reshape(h.shape).subtract(w.take(y).multiply(hit)).multiply(factor);
    const byWeight = rows.transpose().matmul(scaled.reshape([-1, h.dim(-1)])).scatterAdd(y, scaled.multiply(-hit));
    const byBias = b && dLoss.reshape([1, -1]).matmul(rows).reshape([vocabulary]).scatterAdd(y, dLoss.multiply(-hit));
    return [byHidden, byWeight, undefined, byBias];
  });
  if (losses === undefined || negativeLogLikelihoods === undefined) throw new Error("Cross-entropy has two results.");
  return { losses, negativeLogLikelihoods: labelSmoothing === 0 ? losses : negativeLogLikelihoods };
}
