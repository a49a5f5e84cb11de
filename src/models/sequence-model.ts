import type { Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/module.ts";

/** Padded pairs as tensors; int32 throughout. */
export interface TranslationBatch {
  readonly source: Tensor; // [batch, sourceTime]
  readonly sourceLengths: Tensor; // [batch]
  readonly targetInput: Tensor; // [batch, targetTime]
  readonly targetOutput: Tensor; // [batch, targetTime]
  readonly targetLengths: Tensor; // [batch]
}

export interface TrainingOptions {
  readonly labelSmoothing: number;
  /** int32 scalar that differs from step to step; `undefined` switches dropout off. */
  readonly seed: Tensor | undefined;
}

export interface SequenceLoss {
  /** Scalar: the sum over all target tokens, nats. What training minimises, after division by a count. */
  readonly loss: Tensor;
  /** -log p(target | source) of each pair, without smoothing: [batch], nats. */
  readonly negativeLogLikelihoods: Tensor;
}

/** A decoder's tensors between two steps, by name. */
export interface StepState {
  /** One row a hypothesis: [rows, ...]. */
  readonly carried: Readonly<Record<string, Tensor>>;
  /** One row a sentence: [batch, source, ...]; the same at all steps. */
  readonly memory: Readonly<Record<string, Tensor>>;
}

/** A model that reads a sequence and writes another, as the trainer and the decoder see it. */
export interface SequenceModel extends Module {
  loss(batch: TranslationBatch, options: TrainingOptions): SequenceLoss;
  /** Reads sources int32 [batch, time] of the given lengths [batch]. */
  encode(source: Tensor, lengths: Tensor): StepState;
  /** Reads the last token of each row, int32 [rows], and gives logits [rows, vocabulary] for the next. */
  step(tokens: Tensor, state: StepState): {
    readonly logits: Tensor;
    readonly carried: Readonly<Record<string, Tensor>>;
    /** Weights over source positions [rows, source]; `undefined` without attention. */
    readonly alignment: Tensor | undefined;
  };
}
