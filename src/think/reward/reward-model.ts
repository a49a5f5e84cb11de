import { float32, int32, type Signature } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { zeroInitializer } from "../../nn/initializer.ts";
import { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import type { TrainingTask } from "../../train/training-task.ts";

/**
 * A language model's trunk with one number at each token: the log-odds that what is written so far is right (Cobbe et al.
 * 2021, appendix E). The trunk's projection on its vocabulary is not used.
 */
export class RewardModel extends Module {
  /** Zero at first, so that training begins from what the trunk knows and from even odds. */
  readonly head: Linear;

  constructor(readonly trunk: LanguageModel) {
    super();
    this.head = new Linear(trunk.features, 1, { initializer: zeroInitializer });
  }

  /** tokens int32 [batch, time] → log-odds [batch, time]; `seed` switches dropout on. */
  logOdds(tokens: Tensor, seed?: Tensor): Tensor {
    return this.within(() => this.head.forward(this.trunk.hidden(tokens, seed)).squeeze(-1));
  }
}

/** Under which name a reward model has a parameter of its trunk. */
export function trunkName(parameter: string): string {
  return `trunk.${parameter}`;
}

/** `labels`, from 0 to 1, stand where `judged` is 1; elsewhere it is 0: [batch, time] each. */
const signature = { tokens: int32("batch", "time"), labels: float32("batch", "time"), judged: float32("batch", "time") } satisfies Signature;

/** To tell right from wrong: the logistic loss −y log σ(z) − (1 − y) log(1 − σ(z)) of log-odds z and labels y. */
export function rewardTask(model: RewardModel): TrainingTask {
  const loss = ({ tokens, labels, judged }: Readonly<Record<string, Tensor>>, seed?: Tensor) => {
    if (!tokens || !labels || !judged) throw new Error("A batch of attempts has tokens, labels and judged.");
    const losses = logisticLoss(model.logOdds(tokens, seed), labels).multiply(judged); // [batch, time]
    return { loss: losses.sum(), negativeLogLikelihoods: losses.sum(1) };
  };
  return { model, signature, validationSignature: signature, trainingLoss: loss, validationLoss: (batch) => loss(batch) };
}

/** max(z, 0) − z y + log(1 + e^−|z|), which no z overflows. */
export function logisticLoss(logOdds: Tensor, labels: Tensor): Tensor {
  return logOdds.relu().subtract(logOdds.multiply(labels)).add(logOdds.abs().negate().exp().add(1).log());
}
