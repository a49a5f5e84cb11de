import { PackedBatches } from "../data/shards/packed-batches.ts";
import type { MixturePart } from "../data/shards/packed-batches.ts";
import type { TokenSource } from "../data/shards/token-shards.ts";
import { DataError } from "../data/data-error.ts";
import { vocabularyFingerprint } from "./open-run.ts";
import { buildLanguageModel } from "./open-text-run.ts";
import { resolveTextRun, type TextRunConfig, type TextRunInput } from "./config-text.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import type { RunDirectory } from "./run-directory.ts";
import { ALONE } from "./team.ts";
import { openRunText, openTextData, type TextData } from "./text-data.ts";
import { evaluationSource, textSource, textTask, type TextTaskOptions } from "./text-task.ts";
import { openDirectory, shareCheckpoint, takeUp, trainTask, type TrainedRun, type Training, type TrainOptions } from "./train-task.ts";

/**
 * Trains the language model that a configuration describes and leaves it in a run directory.
 *
 *     const run = await pretrain(definePretraining({ name: "brown", … }));
 *
 * Throws as `train` does.
 */
export async function pretrain(input: TextRunInput | TextRunConfig, options: TrainOptions = {}): Promise<TrainedRun> {
  const config = resolveTextRun(input);
  const directory = await openDirectory(config, options);
  try {
    return await pretrainIn(directory, config, options);
  } finally {
    directory?.close();
  }
}

async function pretrainIn(directory: RunDirectory | undefined, config: TextRunConfig, options: TrainOptions): Promise<TrainedRun> {
  const { onEvent = () => undefined, team = ALONE } = options;
  const checkpoint = await shareCheckpoint(team, directory && await takeUp(directory, config, () => directory.readTextConfig(), onEvent));
  const led = directory && await openRunText(config, directory, checkpoint === undefined);
  const shared = await team.share(led?.tokenizer.toJson());
  const data = led ?? await openTextData(config, Tokenizer.parse(shared));
  const training = { ...config.training, normalize: "tokens" } as const;
  return trainTask(directory, { config: { ...config, training }, checkpoint, ...textTraining(config, data) }, { ...options, onEvent });
}

/** What a configuration and its text give the trainer. */
export function textTraining(config: TextRunConfig, { tokenizer, train, validation }: TextData): Training {
  const model = buildLanguageModel(config.model, tokenizer.size).seed(config.seed);
  const { training, seed } = config;
  const { window, order, carriedRows } = readingOf(config);
  const task: TextTaskOptions = { labelSmoothing: training.labelSmoothing, zLoss: training.zLoss, window, carriedRows, separateDocuments: training.separateDocuments };
  const reading = { batch: training.batch.sequences, context: window, documents: training.separateDocuments };
  return {
    task: textTask(model, task), vocabulary: vocabularyFingerprint([tokenizer]),
    batches: textSource(packed(() => new PackedBatches(train, { ...reading, order, seed })), task),
    validation: validation && evaluationSource(validation, {
      ...reading, carried: carriedRows !== undefined, carriedRows, ...(training.validationBatches !== undefined && { most: training.validationBatches }),
    }),
    amount: { training: tokensOf(train), validation: validation?.tokens ?? 0, unit: "tokens" },
  };
}

/** Tokens of a row when nothing is said, as in the larger models of Zaremba et al. 2014, section 4.1. */
const RECURRENT_WINDOW = 35;

/** How a run goes through its text. */
export function readingOf({ model, training }: TextRunConfig): {
  window: number; order: "shuffled" | "random" | "sequential"; carriedRows: number | undefined;
} {
  const recurrent = model.kind === "lstm-lm";
  const order = training.order ?? (recurrent ? "sequential" : "shuffled");
  return {
    window: training.window ?? (model.kind === "gpt" ? model.context : RECURRENT_WINDOW),
    order, carriedRows: recurrent && order === "sequential" ? training.batch.sequences : undefined,
  };
}

function packed(make: () => PackedBatches): PackedBatches {
  try {
    return make();
  } catch (error) {
    // Too short a text: for whoever wrote the configuration.
    throw error instanceof RangeError ? new DataError(error.message, { cause: error }) : error;
  }
}

function tokensOf(train: TokenSource | readonly MixturePart[]): number {
  return "tokens" in train ? train.tokens : train.reduce((sum, { source }) => sum + source.tokens, 0);
}
