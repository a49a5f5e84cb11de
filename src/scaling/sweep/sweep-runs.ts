/** A sweep's folder: a run directory for each training, named by what determines its result, and the table of all that are done. */
import { join, resolve } from "node:path";
import { writeFileAtomically } from "../../data/durable-files.ts";
import { makeFolders } from "../../data/folders.ts";
import { isTextRunConfig } from "../../train/config/text.ts";
import type { TrainingConfig } from "./configure.ts";
import type { PlannedTraining } from "./design.ts";
import { runQueue, type Standing } from "./run-queue.ts";
import type { Sweep } from "./sweep-schema.ts";
import { sweepCsv, sweepRow, type SweepRow } from "./sweep-table.ts";
import { Fingerprints, trainingHash } from "./training-hash.ts";
import { trainInProcess } from "./training-process.ts";
import { readResult, recordResult, type TrainingResult } from "./training-result.ts";

/** A training, and where it lies. */
export interface SweepRun extends PlannedTraining {
  readonly hash: string;
  /** Absolute path of its run directory. */
  readonly folder: string;
  /** What came out; undefined where it is not done. */
  readonly result: TrainingResult | undefined;
}

/** The folder of a sweep. */
export function sweepFolder({ directory, name }: Pick<Sweep, "directory" | "name">): string {
  return resolve(directory, name);
}

/** Finds what of a sweep is done already. */
export async function findRuns(sweep: Sweep, planned: readonly PlannedTraining[]): Promise<SweepRun[]> {
  const fingerprints = new Fingerprints();
  const runs: SweepRun[] = [];
  for (const training of planned) {
    const hash = await trainingHash(training.config, fingerprints);
    const folder = join(sweepFolder(sweep), hash);
    runs.push({ ...training, hash, folder, result: await readResult(folder) });
  }
  return runs;
}

export interface RunOptions {
  /** Trainings at once. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads: number;
  /** How often one that has failed starts again. */
  readonly retries: number;
  /** Aborting it saves what is at work, and starts nothing more. */
  readonly signal: AbortSignal;
  readonly onChange: (run: SweepRun, standing: Standing) => void;
}

/** Lines that a training's log has, about; few enough to be read every second. */
const LOG_LINES = 200;

/** Trains what is not done, the longest first, so that the processes end together. */
export async function trainRuns(sweep: Sweep, runs: readonly SweepRun[], { jobs, threads, retries, signal, onChange }: RunOptions): Promise<Map<SweepRun, Standing>> {
  const open = [...new Map(runs.filter(({ result }) => result === undefined).map((run) => [run.hash, run])).values()];
  return runQueue({
    items: open.sort((a, b) => b.size.flops - a.size.flops), jobs, retries, signal, onChange,
    run: async ({ config, hash, folder, size }) => {
      if (await readResult(folder) !== undefined) return { kind: "finished" }; // another process was at it
      const attempt = await trainInProcess(placed(config, sweep, hash, threads), folder, signal);
      if (attempt.kind === "finished") await recordResult(folder, size);
      return attempt;
    },
  });
}

/** A configuration as it runs in a sweep: where, on how many threads, and with how long a log, none of which changes its result. */
function placed(config: TrainingConfig, sweep: Sweep, hash: string, threads: number): TrainingConfig {
  const place = { name: hash, directory: sweepFolder(sweep), engine: { ...config.engine, threads } };
  const logEvery = Math.max(1, Math.round((config.training.steps ?? 1) / LOG_LINES));
  return isTextRunConfig(config) ? { ...config, ...place, training: { ...config.training, logEvery } } : { ...config, ...place, training: { ...config.training, logEvery } };
}

/** Writes `sweep.csv`, of those that are done, and `sweep.json`, which says what each folder is. */
export async function writeTables(sweep: Sweep, runs: readonly SweepRun[]): Promise<{ csv: string; rows: SweepRow[]; open: SweepRun[] }> {
  const folder = sweepFolder(sweep);
  await makeFolders(folder);
  const found = await Promise.all(runs.map(async (run) => ({ ...run, result: run.result ?? await readResult(run.folder) })));
  const rows = found.flatMap((run) => (run.result === undefined ? [] : [sweepRow(join(sweep.directory, sweep.name, run.hash), run, run.result)]));
  const csv = join(folder, "sweep.csv");
  await writeFileAtomically(csv, sweepCsv(rows));
  const trainings = found.map(({ name, hash, settings, size, result }) => ({ name, run: hash, settings, ...size, ...(result && { result }) }));
  await writeFileAtomically(join(folder, "sweep.json"), `${JSON.stringify({ name: sweep.name, trainings }, undefined, 2)}\n`);
  return { csv, rows, open: found.filter(({ result }) => result === undefined) };
}
