import { bestCheckpoint, latestCheckpoint } from "../checkpoint/list.ts";
import { MetricsLog } from "./metrics-log.ts";
import { RunDirectory } from "./run-directory.ts";

/** A run at a glance. */
export interface RunSummary {
  readonly name: string;
  readonly path: string;
  /** The last step that was logged. */
  readonly step: number;
  /** Passes over the data at that step. */
  readonly epoch: number | undefined;
  /** The last training loss that was logged, nats a target token. */
  readonly loss: number | undefined;
  /** The best validation loss, nats a target token, and its step. */
  readonly validationLoss: number | undefined;
  readonly bestStep: number | undefined;
  /** The best BLEU on the validation pairs, 0 to 100, where the run logs it: a phrase-based translator does while it tunes. */
  readonly validationBleu: number | undefined;
  /** The best share of validation problems that greedy answers solve, where the run logs it: one that learns from rewards does. */
  readonly validationAccuracy: number | undefined;
  /** The newest checkpoint's step. */
  readonly checkpoint: number | undefined;
  /** What keeps the run from being read, where something does. */
  readonly problem: string | undefined;
}

/** The runs in a folder, by name. */
export async function listRuns(directory: string): Promise<RunSummary[]> {
  return Promise.all((await RunDirectory.list(directory)).map(summarizeRun));
}

async function summarizeRun(run: RunDirectory): Promise<RunSummary> {
  const none = { step: 0, epoch: undefined, loss: undefined, validationLoss: undefined, bestStep: undefined, validationBleu: undefined, validationAccuracy: undefined, checkpoint: undefined };
  const place = { name: run.name, path: run.path };
  try {
    // At step 0 stands what a run began with.
    const records = (await MetricsLog.read(run.metricsFile)).filter(({ step }) => step > 0);
    const numbers = (field: string): number[] => records.map((record) => record[field]).filter((value) => typeof value === "number");
    const best = (field: string, better: (a: number, b: number) => number): number | undefined => {
      const values = numbers(field);
      return values.length === 0 ? undefined : values.reduce((one, other) => better(one, other));
    };
    return {
      ...place,
      step: Math.max(0, ...numbers("step").slice(-1)),
      epoch: numbers("epoch").at(-1),
      loss: numbers("loss").at(-1),
      validationLoss: best("validationLoss", Math.min),
      bestStep: (await bestCheckpoint(run))?.step,
      validationBleu: best("bleu", Math.max),
      validationAccuracy: best("validationAccuracy", Math.max),
      checkpoint: (await latestCheckpoint(run))?.step,
      problem: undefined,
    };
  } catch (error) {
    return { ...place, ...none, problem: error instanceof Error ? error.message : String(error) };
  }
}
