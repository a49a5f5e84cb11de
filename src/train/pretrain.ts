import { EvaluationBatches } from "../data/shards/evaluation-batches.ts";
import { PackedBatches } from "../data/shards/packed-batches.ts";
import type { MixturePart } from "../data/shards/packed-batches.ts";
import type { TokenSource } from "../data/shards/token-shards.ts";
import { DataError } from "../data/data-error.ts";
import { beginWith, openBeginning, refuseOwnWeights, type Beginning } from "./beginning.ts";
import { completionReading, fittingCompletions } from "./completion-reading.ts";
import { vocabularyFingerprint } from "./run/open-run.ts";
import { buildLanguageModel } from "./run/open-text-run.ts";
import { ConfigError } from "./config/config.ts";
import { resolveTextRun, type TextRunConfig, type TextRunInput } from "./config/text.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import type { RunDirectory } from "./run/run-directory.ts";
import { ALONE } from "./team.ts";
import { openRunText, openTextData, type CompletionText, type RunningText, type TextData } from "./text-data.ts";
import { textSource, textTask, type TextReading } from "./text-task.ts";
import { openDirectory, shareCheckpoint, takeUp, trainTask, type TrainedRun, type Training, type TrainOptions } from "./train-task.ts";
import { validationParts } from "./validation-parts.ts";

/**
 * Trains the language model that a configuration describes and leaves it in a run directory.
 *
 *     const run = await pretrain(definePretraining({ name: "brown", … }));
 *
 * Throws as `train` does.
 */
export async function pretrain(input: TextRunInput | TextRunConfig, options: TrainOptions = {}): Promise<TrainedRun> {
  const config = resolveTextRun(input);
  refuseOwnWeights(config);
  // A run that is resumed may have outlived the one that it began from.
  const beginning = options.resume === true ? undefined : await openBeginning(config);
  const directory = await openDirectory(config, options);
  const work = (): Promise<TrainedRun> => pretrainIn(directory, config, beginning, options);
  return directory === undefined ? work() : directory.during(work);
}

async function pretrainIn(directory: RunDirectory | undefined, config: TextRunConfig, opened: Beginning | undefined, options: TrainOptions): Promise<TrainedRun> {
  const { onEvent = () => undefined, team = ALONE } = options;
  const checkpoint = await shareCheckpoint(team, directory && await takeUp(directory, config, () => directory.readTextConfig(), onEvent));
  const beginning = checkpoint === undefined ? opened ?? await openBeginning(config) : undefined;
  const led = directory && await openRunText(config, directory, checkpoint === undefined, beginning);
  const tokenizer = Tokenizer.parse(await team.share(led?.tokenizer.toJson()));
  const data = led ?? await openTextData(config, { tokenizer, owner: "the process that leads the training" });
  const { notices, ...training } = textTraining(config, data, beginning);
  for (const message of notices) onEvent({ kind: "notice", message });
  return trainTask(directory, { config: { ...config, training: { ...config.training, normalize: "tokens" } }, checkpoint, ...training }, { ...options, onEvent });
}

/** What a configuration and its text give the trainer, and sentences on what of the text was left out. */
export function textTraining(config: TextRunConfig, data: TextData, beginning?: Beginning): Training & { readonly notices: readonly string[] } {
  const model = buildLanguageModel(config.model, data.tokenizer.size).seed(config.seed);
  if (beginning !== undefined) beginWith(model, beginning.parameters);
  const parts = data.kind === "running" ? runningText(config, data) : completionText(config, data);
  const { labelSmoothing, zLoss } = config.training;
  return { ...parts, task: textTask(model, { ...parts.reading, labelSmoothing, zLoss }), vocabulary: vocabularyFingerprint([data.tokenizer]) };
}

/** What the trainer gets of one kind of text, and how its batches are read. */
type TextParts = Omit<Training, "task" | "vocabulary"> & { readonly reading: TextReading; readonly notices: readonly string[] };

function runningText(config: TextRunConfig, { train, validation }: RunningText): TextParts {
  const { training: { batch: { sequences: batch }, separateDocuments, validationBatches }, seed } = config;
  const { window, order, carriedRows } = readingOf(config);
  const [rows, reading] = [{ batch, context: window, documents: separateDocuments }, { window, carriedRows, separateDocuments }];
  const carried = carriedRows !== undefined;
  if (validation === undefined) requireNoJudgement(config);
  return {
    batches: textSource(packed(() => new PackedBatches(train, { ...rows, order, seed })), reading),
    ...(validation === undefined ? { validation, validationRest: undefined }
      : validationParts(textSource(new EvaluationBatches(validation, { ...rows, carried }), reading), validationBatches, carried)),
    amount: { training: tokensOf(train), validation: validation?.tokens ?? 0, unit: "tokens" },
    reading, notices: [],
  };
}

function completionText(config: TextRunConfig, { tokenizer, ...data }: CompletionText): TextParts {
  const { training: { batch: { sequences: batch }, validationBatches }, seed } = config;
  const [train, validation] = [fittingCompletions(data.train, config, "training"), fittingCompletions(data.validation, config, "validation")];
  const options = { recurrent: config.model.kind === "lstm-lm", batch, endOfDocument: tokenizer.endId };
  const { batches, reading } = completionReading(train.examples, { ...options, window: train.window, seed });
  const judged = completionReading(validation.examples, { ...options, window: validation.window });
  return {
    batches: textSource(batches, reading), ...validationParts(textSource(judged.batches, reading), validationBatches, false),
    amount: { training: train.examples.length, validation: validation.examples.length, unit: "examples" },
    reading, notices: [train.notice, validation.notice].filter((notice) => notice !== undefined),
  };
}

/** @throws ConfigError where training is to go by validations, which there are none of */
function requireNoJudgement({ training: { patience, schedule } }: TextRunConfig): void {
  const problems = [
    ...(patience === undefined ? [] : [`training.patience: received ${patience}, which counts validations, but the shards hold no text out; make them with --validation, or leave patience out.`]),
    ...(schedule.kind === "plateau" ? ['training.schedule.kind: received "plateau", which follows the validation loss, but the shards hold no text out; make them with --validation, or choose another schedule.'] : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
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
