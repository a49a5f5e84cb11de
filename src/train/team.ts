import type { Engine } from "../engines/engine.ts";
import type { ParallelConfig } from "./config/parallel.ts";
import type { StepPrograms } from "./step-programs.ts";
import { TrainingPrograms } from "./training-programs.ts";
import type { TrainingBatch, TrainingTask } from "./training-task.ts";
import type { UpdateOptions } from "./update-program.ts";

export interface CompileTaskOptions extends UpdateOptions {
  /** Batches of a step. */
  readonly accumulate: number;
  readonly parallel: ParallelConfig;
  /** What batches are like. */
  readonly sample: TrainingBatch;
}

/** What processes must have in common. */
export interface TeamConfig {
  readonly parallel: ParallelConfig;
  readonly training: { readonly accumulate: number };
}

/** The processes that train one model together. All of them read the data; one leads and keeps the run directory. */
export interface Team {
  readonly leads: boolean;
  /** What the leader has, everywhere; it must survive JSON. */
  share<T>(value: T | undefined): Promise<T>;
  /** Throws where a process was given another configuration than the leader, or so many cannot train by it. */
  agreeOn(config: TeamConfig): Promise<void>;
  compile(engine: Engine, task: TrainingTask, options: CompileTaskOptions): Promise<StepPrograms>;
}

/** One process. */
export const ALONE: Team = {
  leads: true,
  share: async (value) => {
    if (value === undefined) throw new Error("A process that trains alone leads.");
    return value;
  },
  agreeOn: async () => undefined,
  compile: (engine, task, { accumulate, ...options }) => TrainingPrograms.compile(engine, task, { ...options, accumulate: accumulate > 1 }),
};
