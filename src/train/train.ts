import { onnx } from "../engines/onnx/engine.ts";
import type { Engine } from "../engines/engine.ts";
import { latestCheckpoint } from "./checkpoint-list.ts";
import { resumedUnder } from "./config-difference.ts";
import { loadCheckpoint } from "./checkpoint.ts";
import { resolveRun, type RunConfig, type RunInput } from "./config.ts";
import { MetricsLog } from "./metrics-log.ts";
import { buildModel, vocabularyFingerprint } from "./open-run.ts";
import { encodeSplit, makeBatches, prepareTokenizers, readSplits } from "./run-data.ts";
import { pairSource, pairTask } from "./pair-task.ts";
import { RunDirectory } from "./run-directory.ts";
import type { TrainEvent } from "./train-event.ts";
import { Trainer, type StopReason } from "./trainer.ts";
import { TrainingPrograms } from "./training-programs.ts";

export interface TrainOptions {
  /** Continue from the newest checkpoint; a run that does not exist starts. */
  readonly resume?: boolean;
  /** Replace a run of the same name. */
  readonly overwrite?: boolean;
  /** Aborting it saves a checkpoint after the current step and returns. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Where it runs; by default ONNX Runtime with the configuration's threads. */
  readonly engine?: Engine;
}

export interface TrainedRun {
  /** The run's folder. */
  readonly directory: string;
  readonly reason: StopReason;
  readonly step: number;
  /** Best validation: nats a target token. */
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  /** Source and target tokens over the time of this call's training steps. */
  readonly tokensPerSecond: number;
}

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
  const directory = await RunDirectory.create(config, { resume: options.resume ?? false, overwrite: options.overwrite ?? false });
  try {
    return await trainIn(directory, config, splits, options);
  } finally {
    directory.close();
  }
}

async function trainIn(
  directory: RunDirectory, config: RunConfig, splits: Awaited<ReturnType<typeof readSplits>>, options: TrainOptions,
): Promise<TrainedRun> {
  const onEvent = options.onEvent ?? (() => undefined);
  const place = await latestCheckpoint(directory);
  const checkpoint = place && await loadCheckpoint(place.path);
  if (checkpoint !== undefined) {
    const change = resumedUnder(await directory.readConfig(), config);
    if (change !== undefined) onEvent({ kind: "notice", message: change });
  }
  await directory.writeConfig(config);
  const tokenizers = await prepareTokenizers(directory, config, splits.train, checkpoint === undefined);
  const limits = { maximumSourceLength: config.data.maximumSourceLength, maximumTargetLength: config.data.maximumTargetLength };
  const train = encodeSplit(splits.train, tokenizers, limits, "training");
  const validation = splits.validation.length === 0 ? undefined : encodeSplit(splits.validation, tokenizers, limits, "validation");
  for (const notice of [train.notice, validation?.notice]) if (notice !== undefined) onEvent({ kind: "notice", message: notice });

  const model = buildModel(config.model, tokenizers.source.size, tokenizers.target.size).seed(config.seed);
  const { threads } = config.engine;
  const programs = await TrainingPrograms.compile(options.engine ?? onnx(threads === undefined ? {} : { threads }), pairTask(model, config.training), {
    optimizer: config.training.optimizer, accumulate: config.training.accumulate > 1,
  });
  const log = await MetricsLog.open(directory.metricsFile, { resumeAt: checkpoint?.step ?? 0 });
  try {
    const trainer = new Trainer({
      config, model, programs, directory, log, onEvent, signal: options.signal, vocabulary: vocabularyFingerprint(tokenizers),
      batches: pairSource(makeBatches(train.examples, tokenizers, config, { shuffle: true })),
      validation: validation && pairSource(makeBatches(validation.examples, tokenizers, config, { shuffle: false })),
    });
    if (checkpoint !== undefined) trainer.restore(checkpoint);
    onEvent({
      kind: "started", directory: directory.path, parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      trainPairs: train.examples.length, validationPairs: validation?.examples.length ?? 0,
      step: trainer.position.step, totalSteps: trainer.totalSteps,
    });
    const tokensBefore = trainer.position.seenTokens;
    const reason = await trainer.run();
    const { step, best, seenTokens } = trainer.position;
    const tokensPerSecond = seenTokens === tokensBefore ? 0 : (seenTokens - tokensBefore) / trainer.stepSeconds;
    return { directory: directory.path, reason, step, best, tokensPerSecond };
  } finally {
    await log.close();
    await programs.dispose();
  }
}
