import type { Checkpoint, CheckpointContents } from "./checkpoint/checkpoint.ts";
import type { BatchSource, TrainingBatch } from "./training-task.ts";

/** A batch with the seed of its dropout. */
export interface SeededBatch {
  readonly batch: TrainingBatch;
  readonly seed: number;
}

/** Numbers that a log has, by name. */
export type Figures = Readonly<Record<string, number>>;

/** What batches contribute to a step. */
export interface BatchResult {
  /** Sum over target tokens, nats. */
  readonly loss: number;
  /** Squared Euclidean norm of the gradient that has been summed. */
  readonly squaredNorm: number;
  /** What the task tells beside the loss. */
  readonly figures?: Figures;
}

/** What a validation finds. */
export interface Judgement {
  /** Over all that is judged; the lower the better. */
  readonly loss: number;
  /** What the loss is divided by. */
  readonly targetTokens: number;
  /** What the log has in place of a loss in nats and its perplexity. */
  readonly figures?: Figures;
}

/** The tensors of a checkpoint. */
export type SavedTensors = Pick<CheckpointContents, "model" | "optimizer">;

/**
 * The computations of a training, as the trainer asks for them. Where several processes train one model, each asks for the
 * same in the same order, and gets the same numbers.
 */
export interface StepPrograms {
  /** Sums the gradients of the batches' summed losses. No weight changes. */
  gradient(batches: readonly SeededBatch[]): Promise<BatchResult>;
  /** Moves the weights along the gradient, times `scale`. `averageDecay`, where weights are averaged, is the share of the averages that stays. */
  apply(scale: number, learningRate: number, averageDecay?: number): Promise<void>;
  /** -log p of all targets in epoch 0, nats, and how many they are. */
  evaluateAll(batches: BatchSource): Promise<Judgement>;
  /** Floating-point operations that a batch's loss and gradient take. */
  flops(batch: TrainingBatch): number;
  /** Whether this process, or any that trains with it, says so. */
  agree(stop: boolean): Promise<boolean>;
  /** Name of a weight with a number that is not finite. */
  brokenParameter(): Promise<string | undefined>;
  save(): Promise<SavedTensors>;
  /** @throws CheckpointError where it was made with another model or optimiser */
  restore(checkpoint: Checkpoint): Promise<void>;
  dispose(): Promise<void>;
}
