import { openBeginning } from "../../train/beginning.ts";
import { isTextRunConfig } from "../../train/config/text.ts";
import { readingOf, textTraining } from "../../train/pretrain.ts";
import { learnTokenizers, readSplits } from "../../train/run/run-data.ts";
import { openTextData } from "../../train/text-data.ts";
import { pairTraining } from "../../train/train.ts";
import type { Training } from "../../train/train-task.ts";
import { BatchSizes } from "./batch-census.ts";
import type { TrainingConfig } from "./configure.ts";

/** A training without a run directory, and the sizes of its batches. */
export interface OpenedTraining {
  readonly training: Training;
  readonly sizes: BatchSizes;
}

/** The data of a sweep's trainings: read, and tokenizers learned, once for all that have it in common. */
export class SweepData {
  readonly #opened = new Map<string, Promise<(config: TrainingConfig) => Training>>();
  readonly #sizes = new Map<string, BatchSizes>();

  async open(config: TrainingConfig): Promise<OpenedTraining> {
    const key = JSON.stringify([config.data, config.tokenizer, isTextRunConfig(config) ? config.from && [config.from, config.model] : config.seed]);
    const opened = this.#opened.get(key) ?? openData(config);
    this.#opened.set(key, opened);
    const training = (await opened)(config);
    const batches = JSON.stringify([key, config.seed, config.training.batch, isTextRunConfig(config) && [readingOf(config), config.training.separateDocuments]]);
    const sizes = this.#sizes.get(batches) ?? new BatchSizes(training.batches, training.task.signature, isTextRunConfig(config) && config.data.kind !== "completions");
    this.#sizes.set(batches, sizes);
    return { training, sizes };
  }
}

async function openData(config: TrainingConfig): Promise<(config: TrainingConfig) => Training> {
  if (isTextRunConfig(config)) {
    const data = await openTextData(config, await openBeginning(config));
    return (each) => (isTextRunConfig(each) ? textTraining(each, data) : fail());
  }
  const splits = await readSplits(config.data, config.seed);
  const tokenizers = await learnTokenizers(config, splits.train);
  return (each) => (isTextRunConfig(each) ? fail() : pairTraining(each, splits, tokenizers));
}

function fail(): never {
  throw new Error("A training on text and one on pairs have no data in common.");
}
