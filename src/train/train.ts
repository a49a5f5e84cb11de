import { resolveRun, type RunConfig, type RunInput } from "./config/config.ts";
import { buildModel, vocabularyFingerprint, type Tokenizers } from "./run/open-run.ts";
import { pairSource, pairTask } from "./pair-task.ts";
import { encodeSplit, makeBatches, prepareTokenizers, readSplits, type PairSplits } from "./run/run-data.ts";
import type { Pair } from "../data/source.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import type { RunDirectory } from "./run/run-directory.ts";
import { ALONE } from "./team.ts";
import { openDirectory, shareCheckpoint, takeUp, trainTask, type TrainedRun, type Training, type TrainOptions } from "./train-task.ts";

export type { TrainedRun, TrainOptions } from "./train-task.ts";

/**
 * Trains what a configuration describes and leaves it in a run directory.
 *
 *     const run = await train(defineRun({ name: "captions", … }));
 *
 * Throws ConfigError, DataError, RunDirectoryError, CheckpointError, or TrainingError where the loss or the gradient
 * stops being finite; what was saved before stays usable.
 */
export async function train(input: RunInput | RunConfig, options: TrainOptions = {}): Promise<TrainedRun> {
  const config = resolveRun(input);
  const splits = await readSplits(config.data, config.seed);
  const directory = await openDirectory(config, options);
  const work = (): Promise<TrainedRun> => trainIn(directory, config, splits, options);
  return directory === undefined ? work() : directory.during(work);
}

async function trainIn(
  directory: RunDirectory | undefined, config: RunConfig, splits: PairSplits, options: TrainOptions,
): Promise<TrainedRun> {
  const { onEvent = () => undefined, team = ALONE } = options;
  const checkpoint = await shareCheckpoint(team, directory && await takeUp(directory, config, () => directory.readConfig(), onEvent));
  const tokenizers = parseTokenizers(await team.share(directory && await tokenizerFiles(directory, config, splits.train, checkpoint === undefined)));
  const { notices, ...training } = pairTraining(config, splits, tokenizers);
  for (const message of notices) onEvent({ kind: "notice", message });
  return trainTask(directory, { config, checkpoint, ...training }, { ...options, onEvent });
}

/** What a configuration's data and tokenizers give the trainer, and sentences on what of the data was left out. */
export function pairTraining(config: RunConfig, splits: PairSplits, tokenizers: Tokenizers): Training & { readonly notices: readonly string[] } {
  const limits = { maximumSourceLength: config.data.maximumSourceLength, maximumTargetLength: config.data.maximumTargetLength };
  const train = encodeSplit(splits.train, tokenizers, limits, "training");
  const validation = splits.validation.length === 0 ? undefined : encodeSplit(splits.validation, tokenizers, limits, "validation");
  const model = buildModel(config.model, tokenizers.source.size, tokenizers.target.size).seed(config.seed);
  return {
    task: pairTask(model, config.training), vocabulary: vocabularyFingerprint([tokenizers.source, tokenizers.target]),
    batches: pairSource(makeBatches(train.examples, tokenizers, config, { shuffle: true })),
    validation: validation && pairSource(makeBatches(validation.examples, tokenizers, config, { shuffle: false })),
    amount: { training: train.examples.length, validation: validation?.examples.length ?? 0, unit: "pairs" },
    notices: [train.notice, validation?.notice].filter((notice) => notice !== undefined),
  };
}

async function tokenizerFiles(directory: RunDirectory, config: RunConfig, pairs: readonly Pair[], isNew: boolean): Promise<TokenizerFiles> {
  const { source, target } = await prepareTokenizers(directory, config, pairs, isNew);
  return source === target ? [source.toJson()] : [source.toJson(), target.toJson()];
}

/** Of both sides together, or of each. */
type TokenizerFiles = readonly [joint: string] | readonly [source: string, target: string];

function parseTokenizers([first, second]: TokenizerFiles): Tokenizers {
  const source = Tokenizer.parse(first);
  return { source, target: second === undefined ? source : Tokenizer.parse(second) };
}
