import { resolve } from "node:path";
import { onnx } from "../engines/onnx/engine.ts";
import type { Engine } from "../engines/engine.ts";
import { peakFlops } from "../engines/peak.ts";
import { loadCheckpoint, type Checkpoint } from "./checkpoint/checkpoint.ts";
import { latestCheckpoint } from "./checkpoint/list.ts";
import type { EngineConfig, RunConfig, TrainerSettings } from "./config/config.ts";
import { resumedUnder } from "./config/difference.ts";
import type { ParallelConfig } from "./config/parallel.ts";
import type { TextRunConfig } from "./config/text.ts";
import { MetricsLog } from "./run/metrics-log.ts";
import { RunDirectory, type AnyRunConfig } from "./run/run-directory.ts";
import { NO_RECORD, recordIn } from "./run/run-record.ts";
import { ALONE, type Team } from "./team.ts";
import type { DataAmount, TrainEvent } from "./train-event.ts";
import { Trainer, type StopReason } from "./trainer.ts";
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
  /** The processes that train together, of which this is one; by default there is this one alone. */
  readonly team?: Team;
}

export interface TrainedRun {
  /** The run's folder. */
  readonly directory: string;
  readonly reason: StopReason;
  readonly step: number;
  /** Best validation: nats a target token. */
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  /** Last validation on all that was held out, of the weights then: nats a target token. */
  readonly whole: { readonly step: number; readonly loss: number } | undefined;
  /** Source and target tokens over the time of this call's training steps. */
  readonly tokensPerSecond: number;
}

/** The checkpoint that a training goes on from. Processes that do not lead know all but its tensors. */
export type StartingPoint = Checkpoint | undefined;

/** The newest checkpoint of a run, if it has one, after its configuration was compared with the one it goes on under. */
export async function takeUp<Config extends AnyRunConfig>(
  directory: RunDirectory, config: Config, readConfig: () => Promise<Config>, onEvent: (event: TrainEvent) => void,
): Promise<StartingPoint> {
  const place = await latestCheckpoint(directory);
  const checkpoint = place && await loadCheckpoint(place.path);
  if (checkpoint !== undefined) {
    const change = resumedUnder(await readConfig(), config);
    if (change !== undefined) onEvent({ kind: "notice", message: change });
  }
  await directory.writeConfig(config);
  return checkpoint;
}

/** Opens the run directory where this process leads. The first thing that processes do together is to compare what they were told. */
export async function openDirectory(config: RunConfig | TextRunConfig, { resume = false, overwrite = false, team = ALONE }: TrainOptions): Promise<RunDirectory | undefined> {
  await team.agreeOn(config);
  return team.leads ? RunDirectory.create(config, { resume, overwrite }) : undefined;
}

/** The leader's checkpoint, without its tensors where this process does not lead. */
export async function shareCheckpoint(team: Team, checkpoint: StartingPoint): Promise<StartingPoint> {
  const place = checkpoint && { step: checkpoint.step, path: checkpoint.path, state: checkpoint.state };
  const shared = await team.share(team.leads ? { place } : undefined);
  return team.leads ? checkpoint : shared.place && { ...shared.place, model: new Map(), optimizer: new Map() };
}

/** What is to be learned, from what. */
export interface Training {
  readonly task: TrainingTask;
  /** Fingerprint of the vocabularies. */
  readonly vocabulary: string;
  readonly batches: BatchSource;
  readonly validation: BatchSource | undefined;
  /** What only the last validation looks at besides. */
  readonly validationRest?: BatchSource | undefined;
  readonly amount: DataAmount;
}

export interface TaskParts extends Training {
  readonly config: {
    readonly name: string; readonly directory: string; readonly training: TrainerSettings; readonly seed: number;
    readonly engine: EngineConfig; readonly parallel: ParallelConfig;
  };
  /** Where to go on from. */
  readonly checkpoint: Checkpoint | undefined;
}

/** Trains until the end, or until the signal is aborted; where this process leads, in a run directory. */
export async function trainTask(
  directory: RunDirectory | undefined, { task, config, checkpoint, amount, validation, validationRest, ...parts }: TaskParts,
  { onEvent, signal, engine: given, team = ALONE }: TrainOptions & { readonly onEvent: (event: TrainEvent) => void },
): Promise<TrainedRun> {
  const { threads } = config.engine;
  const { model } = task;
  const engine = given ?? onnx(threads === undefined ? {} : { threads });
  const { training: { optimizer, accumulate, average, mfu }, parallel } = config;
  const programs = await team.compile(engine, task, {
    optimizer, accumulate, averages: average !== undefined, parallel, sample: await parts.batches.batch(0, 0),
  });
  try {
    const log = directory && await MetricsLog.open(directory.metricsFile, { resumeAt: checkpoint?.step ?? 0 });
    try {
      const peak = mfu && team.leads ? await peakFlops(engine) : undefined;
      const record = directory && log ? recordIn(directory, log, config.training) : NO_RECORD;
      const judge = (held: BatchSource | undefined) => held && (() => programs.evaluateAll(held));
      const trainer = new Trainer({ ...parts, config, programs, validate: judge(validation), validateRest: judge(validationRest), record, onEvent, signal, peakFlops: peak });
      if (checkpoint !== undefined) await trainer.restore(checkpoint);
      const path = directory?.path ?? resolve(config.directory, config.name);
      onEvent({
        kind: "started", directory: path, amount,
        parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
        step: trainer.position.step, totalSteps: trainer.totalSteps,
      });
      const tokensBefore = trainer.position.seenTokens;
      const reason = await trainer.run();
      const { step, best, whole, seenTokens } = trainer.position;
      const tokensPerSecond = seenTokens === tokensBefore ? 0 : (seenTokens - tokensBefore) / trainer.stepSeconds;
      return { directory: path, reason, step, best, whole, tokensPerSecond };
    } finally {
      await log?.close();
    }
  } finally {
    await programs.dispose();
  }
}
