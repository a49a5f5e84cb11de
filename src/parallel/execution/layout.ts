import type { ParallelConfig } from "../../train/config/parallel.ts";
import { ScheduleError, stageDevices, type PipelineSchedule } from "../schedule.ts";
import { generateSchedule } from "../schedules/generators.ts";

/**
 * Who does what in a training of several processes: replicas of a pipeline of devices, and of further ones that share the
 * vocabulary with its last; ranks count devices first.
 */
export interface Layout {
  readonly replicas: number;
  /** Of one replica. */
  readonly devices: number;
  /** Into which the model is cut; where the vocabulary is shared, its shards together are one more of the schedule's. */
  readonly stages: number;
  /** Devices that share the vocabulary, the last stage's first; none, if it is not shared. */
  readonly shards: readonly number[];
  /** Device of each stage. */
  readonly deviceOf: readonly number[];
  /** What the devices do in one step, or, of a wavefront, with one batch; all that have only a shard do the same. */
  readonly schedule: PipelineSchedule;
}

/** Where a rank stands. */
export interface Place {
  readonly replica: number;
  readonly device: number;
}

/**
 * The layout of so many processes. Each of a step's batches passes through one replica.
 * @throws ScheduleError where processes, stages and batches do not divide
 */
export function layoutOf(processes: number, accumulate: number, { stages: pipeline, vocabulary, schedule: name, chunks }: ParallelConfig): Layout {
  const devices = pipeline + vocabulary - 1;
  if (processes % devices !== 0) {
    const what = vocabulary === 1 ? `parallel.stages ${pipeline}` : `${devices}, parallel.stages ${pipeline} and parallel.vocabulary ${vocabulary} less one that does both`;
    throw new ScheduleError(`${processes} processes are no multiple of ${what}; start as many as one or more whole pipelines need.`);
  }
  if (vocabulary > 1 && (name === "interleaved-1f1b" || name === "zb-v")) {
    throw new ScheduleError(`The vocabulary can be shared where each process has one stage; with parallel.vocabulary ${vocabulary}, set parallel.schedule to none, gpipe, 1f1b, zb-h1 or wavefront-2014 instead of ${name}.`);
  }
  const replicas = processes / devices;
  if (accumulate % replicas !== 0) {
    throw new ScheduleError(`The ${accumulate === 1 ? "one batch" : `${accumulate} batches`} of a step cannot be shared out evenly among ${replicas} replicas: `
      + `set training.accumulate to a multiple of ${replicas}, and training.batch to as much less, for the same step.`);
  }
  const lockstep = pipeline + Number(vocabulary > 1);
  const isWave = lockstep > 1 && name === "wavefront-2014";
  const schedule = generateSchedule(lockstep === 1 ? "none" : name, { devices: lockstep, microBatches: isWave ? chunks : accumulate / replicas, chunks });
  const deviceOf = stageDevices(schedule);
  if (vocabulary === 1) return { replicas, devices, stages: schedule.stages, shards: [], schedule, deviceOf };
  return { replicas, devices, stages: pipeline, shards: Array.from({ length: vocabulary }, (_, shard) => pipeline - 1 + shard), schedule, deviceOf: deviceOf.slice(0, pipeline) };
}

export function placeOf(rank: number, { devices }: Layout): Place {
  return { replica: Math.floor(rank / devices), device: rank % devices };
}

export function rankOf({ replica, device }: Place, { devices }: Layout): number {
  return replica * devices + device;
}
