import type { PairBatch } from "../data/collate.ts";
import type { PairBatches } from "../data/batches.ts";
import { int32, type Signature } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { SequenceModel, TranslationBatch } from "../models/sequence-model.ts";
import type { BatchSource, TrainingBatch, TrainingTask } from "./training-task.ts";

/** Feeds of a batch of pairs. */
const PAIR_SIGNATURE = {
  source: int32("batch", "sourceTime"),
  sourceLengths: int32("batch"),
  targetInput: int32("batch", "targetTime"),
  targetOutput: int32("batch", "targetTime"),
  targetLengths: int32("batch"),
} as const satisfies Signature;

/** To write the targets of given sources. */
export function pairTask(model: SequenceModel, { labelSmoothing }: { labelSmoothing: number }): TrainingTask {
  return {
    model, signature: PAIR_SIGNATURE, validationSignature: PAIR_SIGNATURE,
    trainingLoss: (batch, seed) => model.loss(pairTensors(batch), { labelSmoothing, seed }),
    validationLoss: (batch) => model.loss(pairTensors(batch), { labelSmoothing: 0, seed: undefined }),
  };
}

/** A batch of pairs for the engine. */
export function pairBatch(batch: PairBatch): TrainingBatch {
  const { source, sourceLengths, targetInput, targetOutput, targetLengths, sourceTokens, targetTokens } = batch;
  return {
    feeds: { source, sourceLengths, targetInput, targetOutput, targetLengths },
    tokens: sourceTokens + targetTokens, targetTokens, sequences: sourceLengths.data.length,
  };
}

export function pairSource(batches: PairBatches): BatchSource {
  return {
    batchesInEpoch: (epoch) => batches.batchesInEpoch(epoch),
    batch: (epoch, index) => pairBatch(batches.batch(epoch, index)),
  };
}

function pairTensors({ source, sourceLengths, targetInput, targetOutput, targetLengths }: Readonly<Record<string, Tensor>>): TranslationBatch {
  if (!source || !sourceLengths || !targetInput || !targetOutput || !targetLengths) throw new Error("A batch of pairs has five arrays.");
  return { source, sourceLengths, targetInput, targetOutput, targetLengths };
}
