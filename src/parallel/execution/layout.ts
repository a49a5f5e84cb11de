import type { ParallelConfig } from "../../train/config-parallel.ts";
import { ScheduleError, stageDevices, type PipelineSchedule } from "../schedule.ts";
import { generateSchedule } from "../schedules/generators.ts";

/** Who does what in a training of several processes: replicas of a pipeline of devices; ranks count devices first. */
export interface Layout {
  readonly replicas: number;
  readonly devices: number;
  /** Device of each stage. */
  readonly deviceOf: readonly number[];
  /** What the devices do in one step. */
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
export function layoutOf(processes: number, accumulate: number, { stages: devices, schedule: name, chunks }: ParallelConfig): Layout {
  if (processes % devices !== 0) {
    throw new ScheduleError(`${processes} processes are no multiple of parallel.stages ${devices}; start as many as one or more whole pipelines need.`);
  }
  const replicas = processes / devices;
  if (accumulate % replicas !== 0) {
    throw new ScheduleError(`The ${accumulate === 1 ? "one batch" : `${accumulate} batches`} of a step cannot be shared out evenly among ${replicas} replicas: `
      + `set training.accumulate to a multiple of ${replicas}, and training.batch to as much less, for the same step.`);
  }
  const schedule = generateSchedule(devices === 1 ? "none" : name, { devices, microBatches: accumulate / replicas, chunks });
  return { replicas, devices, schedule, deviceOf: stageDevices(schedule) };
}

export function placeOf(rank: number, { devices }: Layout): Place {
  return { replica: Math.floor(rank / devices), device: rank % devices };
}

export function rankOf({ replica, device }: Place, { devices }: Layout): number {
  return replica * devices + device;
}
