import { onnx } from "../engines/onnx/engine.ts";
import type { Engine } from "../engines/engine.ts";
import { peakFlops } from "../engines/peak.ts";
import { latestCheckpoint } from "./checkpoint-list.ts";
import { resumedUnder } from "./config-difference.ts";
import { loadCheckpoint, type Checkpoint } from "./checkpoint.ts";
import type { EngineConfig, TrainerSettings } from "./config.ts";
import type { TextRunConfig } from "./config-text.ts";
import type { RunConfig } from "./config.ts";
import { MetricsLog } from "./metrics-log.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { DataAmount, TrainEvent } from "./train-event.ts";
import { recordIn } from "./run-record.ts";
import { Trainer, type StopReason } from "./trainer.ts";
import { TrainingPrograms } from "./training-programs.ts";
import type { BatchSource, TrainingTask } from "./training-task.ts";

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

/** The newest checkpoint of a run, if it has one, after its configuration was compared with the one it goes on under. */
export async function takeUp<Config extends RunConfig | TextRunConfig>(
  directory: RunDirectory, config: Config, readConfig: () => Promise<Config>, options: TrainOptions,
): Promise<{ checkpoint: Checkpoint | undefined; onEvent: (event: TrainEvent) => void }> {
  const onEvent = options.onEvent ?? (() => undefined);
  const place = await latestCheckpoint(directory);
  const checkpoint = place && await loadCheckpoint(place.path);
  if (checkpoint !== undefined) {
    const change = resumedUnder(await readConfig(), config);
    if (change !== undefined) onEvent({ kind: "notice", message: change });
  }
  await directory.writeConfig(config);
  return { checkpoint, onEvent };
}

export interface TaskParts {
  readonly config: { readonly training: TrainerSettings; readonly seed: number; readonly engine: EngineConfig };
  /** Where to go on from. */
  readonly checkpoint: Checkpoint | undefined;
  /** Fingerprint of the vocabularies. */
  readonly vocabulary: string;
  readonly batches: BatchSource;
  readonly validation: BatchSource | undefined;
  readonly amount: DataAmount;
}

/** Trains in a run directory until the end, or until the signal is aborted. */
export async function trainTask(
  directory: RunDirectory, task: TrainingTask, { config, checkpoint, amount, ...parts }: TaskParts,
  { onEvent, signal, engine: given }: TrainOptions & { readonly onEvent: (event: TrainEvent) => void },
): Promise<TrainedRun> {
  const { threads } = config.engine;
  const { model } = task;
  const engine = given ?? onnx(threads === undefined ? {} : { threads });
  const programs = await TrainingPrograms.compile(engine, task, {
    optimizer: config.training.optimizer, accumulate: config.training.accumulate > 1,
    averages: config.training.average !== undefined,
  });
  const log = await MetricsLog.open(directory.metricsFile, { resumeAt: checkpoint?.step ?? 0 });
  try {
    const peak = config.training.mfu ? await peakFlops(engine) : undefined;
    const record = recordIn(directory, log, config.training);
    const trainer = new Trainer({ ...parts, config, programs, record, onEvent, signal, peakFlops: peak });
    if (checkpoint !== undefined) await trainer.restore(checkpoint);
    onEvent({
      kind: "started", directory: directory.path, amount,
      parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
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
