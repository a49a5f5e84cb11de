import { markBest, pruneCheckpoints } from "../checkpoint/list.ts";
import { saveCheckpoint, type CheckpointContents } from "../checkpoint/checkpoint.ts";
import type { MetricsLog, MetricsRecord } from "./metrics-log.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Where a training leaves what stays of it. */
export interface RunRecord {
  append(record: MetricsRecord): Promise<void>;
  /** @returns the checkpoint's folder */
  save(step: number, contents: CheckpointContents): Promise<string>;
  markBest(step: number, validationLoss: number): Promise<void>;
}

/** In a run directory, which keeps the newest checkpoints and the best one. */
export function recordIn(directory: RunDirectory, log: MetricsLog, { keepLast }: { readonly keepLast: number }): RunRecord {
  return {
    append: (record) => log.append(record),
    save: async (step, contents) => {
      await log.flush();
      const path = await saveCheckpoint(directory, step, contents);
      await directory.dropReplaced();
      await pruneCheckpoints(directory, keepLast);
      return path;
    },
    markBest: (step, validationLoss) => markBest(directory, step, { validationLoss }),
  };
}

/** Nothing stays: of a process that does not lead. */
export const NO_RECORD: RunRecord = { append: async () => undefined, save: async () => "", markBest: async () => undefined };
