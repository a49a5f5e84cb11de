/** Steps whose loss jumped, told from the losses before them. */
import { z } from "zod";

export const lossHistorySchema = z.object({
  /** Steps that were looked at. */
  steps: z.int(),
  /** Running mean and variance of their losses, nats a target token. */
  mean: z.number(),
  variance: z.number(),
  /** Of these steps, the one that was reported last. */
  reported: z.int().optional(),
});

/** What is remembered of the losses so far. */
export type LossHistory = Readonly<z.infer<typeof lossHistorySchema>>;

export interface LossSpikeSettings {
  /** Standard deviations above the mean that make a spike. */
  readonly deviations: number;
  /** Steps that mean and deviation look back on, that come before the first report, and between two. */
  readonly window: number;
}

export interface LossSpike {
  readonly loss: number;
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Adds a step's loss to the history, and tells whether it is a spike that is to be reported. Mean and variance are
 * exponentially weighted (Finch 2009) with α = 2 / (window + 1); a spike counts in them, so that a loss that
 * stays high soon is one no longer.
 */
export function watchLoss(
  history: LossHistory | undefined, loss: number, { deviations, window }: LossSpikeSettings,
): { readonly history: LossHistory; readonly spike: LossSpike | undefined } {
  if (history === undefined) return { history: { steps: 1, mean: loss, variance: 0 }, spike: undefined };
  const { steps, mean, variance, reported } = history;
  const difference = loss - mean;
  const weight = 2 / (window + 1);
  const deviation = Math.sqrt(variance);
  const isReported = steps >= window && difference > deviations * deviation && (reported === undefined || steps + 1 - reported >= window);
  const last = isReported ? steps + 1 : reported;
  return {
    history: {
      steps: steps + 1, mean: mean + weight * difference, variance: (1 - weight) * (variance + weight * difference ** 2),
      ...(last !== undefined && { reported: last }),
    },
    spike: isReported ? { loss, mean, deviation } : undefined,
  };
}
