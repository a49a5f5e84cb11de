import { float32, int32, type Signature } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import type { TrainingTask } from "../../train/training-task.ts";
import { policyLoss, policyTerms, type PolicyLossOptions } from "./policy-loss.ts";

export interface PolicyTaskOptions extends PolicyLossOptions {
  readonly temperature: number;
  /** Whether the weights that drew a batch may be others than the present ones. */
  readonly drawnEarlier: boolean;
}

/** Tokens with the one after each. */
export const DRAWN = { tokens: int32("batch", "time"), targets: int32("batch", "time") } satisfies Signature;

/** To draw what is rewarded. Validation losses are −log p of each token. */
export function policyTask(model: LanguageModel, { temperature, drawnEarlier, ...options }: PolicyTaskOptions): TrainingTask {
  const perToken = float32("batch", "time");
  return {
    model,
    signature: {
      ...DRAWN, weights: perToken, advantages: float32("batch"),
      ...(drawnEarlier && { old: perToken }), ...(options.kl > 0 && { reference: perToken }),
    },
    validationSignature: DRAWN,
    trainingLoss(batch) {
      const { weights, advantages, old, reference } = batch;
      if (weights === undefined || advantages === undefined) throw new Error("A batch of samples has weights and advantages.");
      const terms = termsOf(batch);
      return { ...policyLoss(terms, { weights, advantages, old, reference }, options), negativeLogLikelihoods: terms.logProbabilities.negate() };
    },
    validationLoss(batch) {
      const negativeLogLikelihoods = termsOf(batch).logProbabilities.negate();
      return { loss: negativeLogLikelihoods.sum(), negativeLogLikelihoods };
    },
  };

  function termsOf({ tokens, targets }: Readonly<Record<string, Tensor>>) {
    if (tokens === undefined || targets === undefined) throw new Error("A batch of samples has tokens and targets.");
    return policyTerms(model, tokens, targets, temperature);
  }
}
