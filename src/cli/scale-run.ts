import type { Command } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Lock } from "../data/lock.ts";
import { planSweep } from "../scaling/sweep/design.ts";
import { loadSweep } from "../scaling/sweep/load-sweep.ts";
import type { Standing } from "../scaling/sweep/run-queue.ts";
import { findRuns, sweepFolder, trainRuns, writeTables, type SweepRun } from "../scaling/sweep/sweep-runs.ts";
import type { Sweep } from "../scaling/sweep/sweep-schema.ts";
import { EXIT, Failure, Interruption } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger } from "./options.ts";
import { addPlaceOptions, checkMemory, placeOf, type PlaceFlags } from "./scale-place.ts";
import { SweepProgress } from "./scale-progress.ts";

interface RunFlags extends PlaceFlags {
  readonly retries: number;
  readonly json?: boolean;
}

export function addScaleRun(scale: Command, io: Io): void {
  addPlaceOptions(scale.command("run"))
    .description("train what of a sweep is not done yet, and gather the results in runs/<sweep>/sweep.csv")
    .argument("<sweep>", "sweep: a .ts, .js or .json file")
    .option("--retries <count>", "how often a training that has failed goes on from its newest checkpoint", nonNegativeInteger, 1)
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint of each training and exits with code 130; a second Ctrl-C exits at once.")
    .action((file: string, flags: RunFlags) => runSweep(file, flags, io));
}

async function runSweep(file: string, flags: RunFlags, io: Io): Promise<void> {
  const place = placeOf(flags);
  const sweep = await loadSweep(file);
  const planned = await planSweep(sweep);
  checkMemory(planned, place);
  const runs = await findRuns(sweep, planned);
  const standings = await withLock(sweep, () => trainAll(sweep, runs, { ...flags, ...place }, io));
  const { csv, rows, open } = await writeTables(sweep, runs);
  const failed = [...standings].flatMap(([{ name, folder }, standing]) => (standing.kind === "failed" ? [{ name, run: folder, error: standing.error }] : []));
  const stopped = [...standings.values()].some(({ kind }) => kind === "stopped" || kind === "waiting");
  const figures = { sweep: sweep.name, csv, trainings: planned.length, finished: rows.length, failed, open: open.map(({ name }) => name), rows };
  printResult(io, flags.json, figures, () => [
    ...failed.map(({ name, error }) => `${name} has failed: ${error}`),
    ...(open.length === 0 ? [] : [`Not in the table, for they are not done: ${open.map(({ name }) => name).join(", ")}.`]),
    `${rows.length} of ${planned.length} trainings are done; they are in ${csv}.`,
  ].join("\n"));
  if (stopped) throw new Interruption("The sweep was stopped.");
  if (failed.length > 0) throw new Failure(EXIT.failed);
}

async function withLock<Result>(sweep: Sweep, work: () => Promise<Result>): Promise<Result> {
  const folder = sweepFolder(sweep);
  await mkdir(folder, { recursive: true });
  const lock = await Lock.acquire(join(folder, "sweep.lock"), "The sweep");
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function trainAll(sweep: Sweep, runs: readonly SweepRun[], { jobs, threads, retries }: { jobs: number; threads: number; retries: number }, io: Io): Promise<Map<SweepRun, Standing>> {
  const progress = new SweepProgress(io, runs);
  return interruptible(
    (signal) => trainRuns(sweep, runs, { jobs, threads, retries, signal, onChange: (run, standing) => progress.change(run, standing) }),
    {
      exitCode: EXIT.interrupted,
      onInterrupt: () => progress.note("Saving a checkpoint of each training; press Ctrl-C again to exit at once."),
    },
  ).finally(() => progress.close());
}
