import type { PackedBatches } from "../data/shards/packed-batches.ts";
import { evaluationBatches, type EvaluationOptions } from "../data/shards/evaluation-batches.ts";
import type { PackedBatch } from "../data/shards/text-batch.ts";
import type { TokenSource } from "../data/shards/token-shards.ts";
import { int32, type Signature } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { LanguageModel, TextBatch } from "../models/language-model.ts";
import type { BatchSource, TrainingBatch, TrainingTask } from "./training-task.ts";

export interface TextTaskOptions {
  readonly labelSmoothing: number;
  readonly zLoss: number;
  /** Places of a row; a known number lets attention leave out what comes later. */
  readonly window: number;
  /** Rows of every batch of a model that carries a state from batch to batch; `undefined` for others. */
  readonly carriedRows: number | undefined;
  /** Whether places see their own document only. */
  readonly separateDocuments: boolean;
}

/** To continue text. */
export function textTask(model: LanguageModel, { labelSmoothing, zLoss, window, carriedRows, separateDocuments }: TextTaskOptions): TrainingTask {
  const rows = carriedRows ?? "batch";
  const signature: Signature = {
    tokens: int32(rows, window), targets: int32(rows, window), lengths: int32(rows),
    ...(separateDocuments && { documents: int32(rows, window) }),
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
export function textBatch({ tokens, targets, lengths, continued, documents }: PackedBatch, options: Pick<TextTaskOptions, "carriedRows">): TrainingBatch {
  const count = lengths.data.reduce((sum, length) => sum + length, 0);
  return {
    feeds: { tokens, targets, lengths, ...(documents && { documents }), ...(options.carriedRows !== undefined && { continued }) },
    tokens: count, targetTokens: count, sequences: lengths.data.length,
  };
}

export function textSource(batches: PackedBatches, options: Pick<TextTaskOptions, "carriedRows">): BatchSource {
  return {
    batchesInEpoch: (epoch) => batches.batchesInEpoch(epoch),
    batch: (epoch, index) => textBatch(batches.batch(epoch, index), options),
  };
}

/** The batches of a whole text, or the first `most`. */
export function evaluationSource(
  source: TokenSource, { most = Infinity, ...options }: EvaluationOptions & Pick<TextTaskOptions, "carriedRows"> & { readonly most?: number },
): BatchSource {
  const batches: TrainingBatch[] = [];
  for (const batch of evaluationBatches(source, options)) {
    if (batches.length >= most) break;
    batches.push(textBatch(batch, options));
  }
  return {
    batchesInEpoch: () => batches.length,
    batch: (_epoch, index) => batches[index] ?? fail(index, batches.length),
  };
}

function fail(index: number, count: number): never {
  throw new RangeError(`There are ${count} batches; number ${index} was asked for.`);
}

function textTensors({ tokens, targets, lengths, documents, continued }: Readonly<Record<string, Tensor>>, name: string): TextBatch {
  if (!tokens || !targets || !lengths) throw new Error("A batch of text has tokens, targets and lengths.");
  return { tokens, targets, lengths, documents, carry: continued && { name, continued } };
}
