/**
 * The loss of learning from rewards (Shao et al. 2024, equation 3), token by token:
 *
 *     ρ = π(token) / π_old(token)
 *     loss = −min(ρ A, clip(ρ, 1 − low, 1 + high) A) + β (π_ref/π − log(π_ref/π) − 1)
 */
import { where, zeros, type Tensor } from "../../graph/tensor.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { logSoftmax } from "../../nn/activation.ts";

/** What a model says of the tokens after each place, at a temperature; nats. */
export interface PolicyTerms {
  /** Of the token that was drawn: [batch, time]. */
  readonly logProbabilities: Tensor;
  /** −Σ p log p over all tokens that might have been: [batch, time]. */
  readonly entropies: Tensor;
}

/** Tokens and the one after each, int32 [batch, time]; what fills rows up stands at their ends. */
export function policyTerms(model: LanguageModel, tokens: Tensor, targets: Tensor, temperature: number): PolicyTerms {
  const unpadded = zeros([tokens.dim(0)], "int32"); // [batch]: no row begins with filling
  const { logits } = model.read(tokens, model.start(tokens.dim(0), unpadded)); // [batch, time, vocabulary]
  const all = logSoftmax(temperature === 1 ? logits : logits.divide(temperature));
  return {
    logProbabilities: all.takeAlong(targets.expandDims(-1), -1).squeeze(-1),
    entropies: all.exp().multiply(all).sum(-1).negate(),
  };
}

export interface PolicyBatch {
  /** What each token's loss counts, 0 for prompts and filling: [batch, time]. */
  readonly weights: Tensor;
  /** Of each sample: [batch]. */
  readonly advantages: Tensor;
  /** Log-probabilities under the weights that drew the tokens, [batch, time]; without them those are the present ones. */
  readonly old?: Tensor | undefined;
  /** Log-probabilities under the model that the policy is to stay near: [batch, time]. */
  readonly reference?: Tensor | undefined;
}

export interface PolicyLossOptions {
  /** How far below and above 1 a ratio counts. */
  readonly clip: readonly [low: number, high: number];
  /** β: the weight of the divergence from the reference. */
  readonly kl: number;
}

export interface PolicyLoss {
  /** Scalar: the weighted sum over tokens. */
  readonly loss: Tensor;
  /** Sums over the tokens that count, each as one: of entropies, of ratios that are clipped, and of the divergence where there is a reference. */
  readonly figures: Readonly<Record<string, Tensor>>;
}

export function policyLoss({ logProbabilities, entropies }: PolicyTerms, batch: PolicyBatch, { clip: [low, high], kl }: PolicyLossOptions): PolicyLoss {
  const { weights, old, reference } = batch;
  const counts = weights.lessEqual(0).not();
  const counted = (tensor: Tensor): Tensor => where(counts, tensor, 0); // what fills up may be of any size
  const present = counted(logProbabilities);
  const advantages = batch.advantages.expandDims(1); // [batch, 1]
  const ratios = present.subtract(old === undefined ? present.stopGradient() : counted(old)).exp();
  const clipped = ratios.maximum(1 - low).minimum(1 + high).multiply(advantages);
  const free = ratios.multiply(advantages);
  const divergences = reference && k3(present, counted(reference));
  const gain = free.minimum(clipped);
  const losses = divergences === undefined ? gain.negate() : divergences.multiply(kl).subtract(gain);
  const total = (tensor: Tensor): Tensor => counted(tensor).sum();
  return {
    loss: losses.multiply(weights).sum(),
    figures: {
      entropy: total(entropies), clipFraction: total(clipped.less(free).cast("float32")),
      ...(divergences && { kl: total(divergences) }),
    },
  };
}

/**
 * r − log r − 1 with r = π_ref/π, of log-probabilities of tokens that π drew: never negative, and the divergence KL(π ‖ π_ref)
 * in the mean (Schulman 2020, "Approximating KL divergence").
 */
export function k3(logProbabilities: Tensor, reference: Tensor): Tensor {
  const logRatio = reference.subtract(logProbabilities);
  return logRatio.exp().subtract(logRatio).subtract(1);
}
