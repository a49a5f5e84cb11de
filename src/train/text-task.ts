import type { PackedBatch, TextBatches } from "../data/shards/text-batch.ts";
import type { Dim } from "../graph/dimension.ts";
import { int32, type Signature } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LanguageModel, TextBatch } from "../models/language-model.ts";
import type { BatchSource, TrainingBatch, TrainingTask } from "./training-task.ts";

/** How the rows of a task's batches are read. */
export interface TextReading {
  /** Places of a row; a known number lets attention leave out what comes later. */
  readonly window: Dim;
  /** Rows of every batch of a model that carries a state from batch to batch; `undefined` for others. */
  readonly carriedRows: number | undefined;
  /** Whether places see their own document only, in which their positions begin anew. */
  readonly separateDocuments: boolean;
}

export interface TextTaskOptions extends TextReading {
  readonly labelSmoothing: number;
  readonly zLoss: number;
}

/** To continue text. */
export function textTask(model: LanguageModel, { labelSmoothing, zLoss, window, carriedRows, separateDocuments }: TextTaskOptions): TrainingTask {
  const rows = carriedRows ?? "batch";
  const signature: Signature = {
    tokens: int32(rows, window), targets: int32(rows, window), judged: int32(rows, window),
    ...(separateDocuments && { documents: int32(rows, window), positions: int32(rows, window) }),
    ...(carriedRows !== undefined && { continued: int32() }),
  };
  return {
    model, signature, validationSignature: signature,
    trainingLoss: (batch, seed) => model.loss(textTensors(batch, "carried"), { labelSmoothing, zLoss, seed }),
    // Its own memory: a validation between two batches of training must not show in the second.
    validationLoss: (batch) => model.loss(textTensors(batch, "validation.carried"), { labelSmoothing: 0, zLoss: 0, seed: undefined }),
  };
}

/** Packed text for the engine. */
export function textBatch({ tokens, targets, judged, read, continued, documents, positions }: PackedBatch, options: Pick<TextReading, "carriedRows">): TrainingBatch {
  return {
    feeds: {
      tokens, targets, judged, ...(documents && positions && { documents, positions }), ...(options.carriedRows !== undefined && { continued }),
    },
    tokens: read, targetTokens: judged.data.reduce((sum, counts) => sum + counts, 0), sequences: tokens.shape[0] ?? 0,
  };
}

export function textSource(batches: TextBatches, options: Pick<TextReading, "carriedRows">): BatchSource {
  return {
    batchesInEpoch: (epoch) => batches.batchesInEpoch(epoch),
    batch: (epoch, index) => textBatch(batches.batch(epoch, index), options),
  };
}

function textTensors({ tokens, targets, judged, documents, positions, continued }: Readonly<Record<string, Tensor>>, name: string): TextBatch {
  if (!tokens || !targets || !judged) throw new Error("A batch of text has tokens, targets and which of these are judged.");
  return { tokens, targets, judged, documents, positions, carry: continued && { name, continued } };
}
