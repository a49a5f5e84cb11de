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
  /** -log p(label), without smoothing, by position: [time, batch], nats. */
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
  const uniform = labelSmoothing / vocabulary;
  const inputs = bias === undefined ? [hidden, weight, labels] : [hidden, weight, labels, bias];
  const [losses, negativeLogLikelihoods] = customGradient(inputs, (h, w, y, b) => {
    if (h === undefined || w === undefined || y === undefined) throw new Error("Cross-entropy takes hidden, weight and labels.");
    return scan([], [h, y], (_carries, [row, label]) => {
      if (row === undefined || label === undefined) throw new Error("A step has a row and its labels.");
      const product = row.matmul(w.transpose()); // [batch, vocabulary]
      const logProbabilities = logSoftmax(b === undefined ? product : product.add(b));
      const index = label.expandDims(-1);
      const likelihood = logProbabilities.takeAlong(index, -1); // [batch, 1]
      const nll = likelihood.squeeze(-1).negate();
      const loss = labelSmoothing === 0 ? nll
        : nll.multiply(1 - labelSmoothing).subtract(logProbabilities.sum(-1).multiply(uniform));
      const probabilities = logProbabilities.exp();
      const minusTarget = likelihood.multiply(0).subtract(1 - labelSmoothing); // [batch, 1]
      const slope = (labelSmoothing === 0 ? probabilities : probabilities.subtract(uniform)).scatterAlong(index, minusTarget, -1);
      return { carries: [], outputs: [loss, nll, slope.matmul(w), slope] };
    }).outputs;
  }, ([h, w, , b], [, , hiddenSlope, logitSlope], [dLoss]) => {
    if (h === undefined || w === undefined || hiddenSlope === undefined || logitSlope === undefined || dLoss === undefined) return [];
    const factor = dLoss.expandDims(-1); // [time, batch, 1]
    const rows = logitSlope.reshape([-1, vocabulary]); // [time·batch, vocabulary]
    const byWeight = rows.transpose().matmul(h.multiply(factor).reshape([-1, h.dim(-1)]));
    const byBias = b && dLoss.reshape([1, -1]).matmul(rows).reshape([vocabulary]);
    return [hiddenSlope.multiply(factor), byWeight, undefined, byBias];
  });
  if (losses === undefined || negativeLogLikelihoods === undefined) throw new Error("Cross-entropy has two results.");
  return { losses, negativeLogLikelihoods };
}
