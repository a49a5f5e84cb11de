/** Where a sweep's trainings run: what `decade scale design` and `decade scale run` ask alike. */
import { availableParallelism, totalmem } from "node:os";
import type { Command } from "commander";
import type { PlannedTraining } from "../scaling/sweep/design.ts";
import { requireMemory } from "../scaling/sweep/estimate.ts";
import { positiveInteger, positiveNumber } from "./options.ts";

export interface PlaceFlags {
  readonly jobs?: number;
  readonly threads: number;
  readonly memory?: number;
}

export interface Place {
  /** Trainings at once. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads: number;
  /** Bytes. */
  readonly memory: number;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option("--jobs <count>", "trainings at once (default: as many as this machine has cores for)", positiveInteger)
    .option("--threads <count>", "threads of each training", positiveInteger, 1)
    .option("--memory <MiB>", "memory of the machine that trains, where it is another one (default: this one's)", positiveNumber);
}

export function placeOf({ jobs, threads, memory }: PlaceFlags): Place {
  const own = Math.min(process.constrainedMemory() || Infinity, totalmem());
  return {
    jobs: jobs ?? Math.max(1, Math.floor(availableParallelism() / threads)), threads,
    memory: memory === undefined ? own : memory * 2 ** 20,
  };
}

/** Refuses what does not fit. Each process holds, besides what it trains, about as much as this one, which has read the same data. */
export function checkMemory(planned: readonly PlannedTraining[], { jobs, memory }: Place): void {
  requireMemory(planned, { jobs, available: memory, process: process.memoryUsage.rss() });
}
