import type { Feeds } from "../engines/engine.ts";
import type { Signature, StateUpdate } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/module.ts";

/** One batch, ready for the engine, and how much is in it. */
export interface TrainingBatch {
  readonly feeds: Feeds<Signature>;
  /** Tokens that the model reads, padding excluded. */
  readonly tokens: number;
  /** Tokens that it is judged on. */
  readonly targetTokens: number;
  /** Pairs, or stretches of text. */
  readonly sequences: number;
}

/** Batches with random access: `(epoch, index)` is the whole data position. */
export interface BatchSource {
  batchesInEpoch(epoch: number): number;
  batch(epoch: number, index: number): TrainingBatch | Promise<TrainingBatch>;
}

export interface TaskLoss {
  /** Scalar: the sum over all target tokens, nats. What training minimises, after division by a count. */
  readonly loss: Tensor;
  /** -log p of the targets, as validation counts it, nats: of each sequence together [batch], or one by one [batch, time]. */
  readonly negativeLogLikelihoods: Tensor;
  /** What else a batch changes. */
  readonly updates?: readonly StateUpdate[];
  /** Scalars, each a sum over all target tokens, whose means the log has beside the loss, by name. */
  readonly figures?: Readonly<Record<string, Tensor>>;
}

/** What is to be learned, as the trainer sees it. */
export interface TrainingTask {
  readonly model: Module;
  /** Feeds of a training batch. */
  readonly signature: Signature;
  /** Feeds of a validation batch. */
  readonly validationSignature: Signature;
  /** The loss that is minimised; `seed` is an int32 scalar that differs from step to step. */
  trainingLoss(batch: Readonly<Record<string, Tensor>>, seed: Tensor): TaskLoss;
  /** The loss that is reported: nothing smoothed, nothing dropped. */
  validationLoss(batch: Readonly<Record<string, Tensor>>): TaskLoss;
}
