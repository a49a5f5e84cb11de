import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import type { Command } from "commander";
import { makeFolders } from "../data/folders.ts";
import { ownProgram } from "../parallel/launch/own-program.ts";
import { writePage, writeSvg, type Page, type ThemeName } from "../plot/index.ts";
import { planSweep } from "../scaling/sweep/design.ts";
import { loadSweep } from "../scaling/sweep/load-sweep.ts";
import type { Standing } from "../scaling/sweep/run-queue.ts";
import { slurmArray } from "../scaling/sweep/slurm-array.ts";
import { byTokens, lossChart, sizeChart } from "../scaling/sweep/sweep-charts.ts";
import { findRuns, sweepFolder, trainRuns, writeTables, type SweepRun } from "../scaling/sweep/sweep-runs.ts";
import type { Sweep } from "../scaling/sweep/sweep-schema.ts";
import type { SweepRow } from "../scaling/sweep/sweep-table.ts";
import { nearest } from "../train/config/suggest.ts";
import { CommandError, EXIT, Failure, Interruption, UsageError } from "./errors.ts";
import { count, duration } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveNumber, repeated } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { addPlaceOptions, checkMemory, placeOf, type Place, type PlaceFlags } from "./scale-place.ts";
import { SweepProgress } from "./scale-progress.ts";

interface RunFlags extends PlaceFlags {
  readonly retries: number;
  readonly only?: readonly string[];
  readonly maxParameters?: number;
  readonly slurm?: boolean;
  readonly print?: boolean;
  readonly time?: string;
  readonly partition?: string;
  readonly sbatch: readonly string[];
  readonly svg?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function addScaleRun(scale: Command, io: Io): void {
  addPlaceOptions(scale.command("run"))
    .description("train what of a sweep is not done yet, and gather the results in runs/<sweep>/sweep.csv")
    .argument("<sweep>", "sweep: a .ts, .js or .json file")
    .option("--retries <count>", "how often a training that has failed goes on from its newest checkpoint", nonNegativeInteger, 1)
    .option("--only <trainings...>", "train these alone, by their names or folders")
    .option("--max-parameters <count>", "train those alone that have at most so many parameters besides embeddings", positiveNumber)
    .option("--slurm", "submit a job array to Slurm, one task a training")
    .option("--print", "with --slurm: print the batch script instead")
    .option("--time <limit>", "with --slurm: longest run time of a training, such as 8:00:00; a checkpoint is saved before it")
    .option("--partition <name>", "with --slurm: partition to use")
    .option("--sbatch <option>", "with --slurm: a further option of sbatch, such as --sbatch=--mem=4G; may be repeated", repeated, [])
    .option("--svg <file>", "draw the losses of what is done against compute, with their envelope")
    .option("--html <file>", "write what is done with its pictures as a page")
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint of each training and exits with code 130; a second Ctrl-C exits at once.")
    .action((file: string, flags: RunFlags) => runSweep(file, flags, io));
}

async function runSweep(file: string, flags: RunFlags, io: Io): Promise<void> {
  checkFlags(flags);
  await prepareOutputs(flags.svg, flags.html);
  const place = placeOf(flags);
  const sweep = await loadSweep(file);
  const all = await findRuns(sweep, await planSweep(sweep));
  const asked = chosenRuns(all, flags);
  // Where Slurm's nodes are other machines, only the user knows what they have.
  if (!flags.slurm || flags.memory !== undefined) checkMemory(asked.filter(({ result }) => result === undefined), flags.slurm ? { ...place, jobs: 1 } : place);
  if (flags.slurm) return submit(file, sweep, asked, flags, io);
  const standings = await trainAll(sweep, asked, { ...place, retries: flags.retries }, io);
  const { csv, rows, open } = await writeTables(sweep, all);
  await draw(sweep, rows, flags, io);
  const failed = [...standings].flatMap(([{ name, folder }, standing]) => (standing.kind === "failed" ? [{ name, run: folder, error: standing.error }] : []));
  const elsewhere = [...standings].flatMap(([{ name }, { kind }]) => (kind === "elsewhere" ? [name] : []));
  printResult(io, flags.json, { sweep: sweep.name, csv, trainings: all.length, finished: rows.length, failed, open: open.map(({ name }) => name), rows }, () => [
    ...failed.map(({ name, error, run }) => `${name} has failed: ${error} (${run}/training.log)`),
    ...(elsewhere.length === 0 ? [] : [`Another process is training ${elsewhere.join(", ")}; run this again when it has ended.`]),
    ...(open.length === 0 ? [] : [`Not in the table, for they are not done: ${open.map(({ name }) => name).join(", ")}.`]),
    `${rows.length} of ${all.length} trainings are done; they are in ${csv}.`,
  ].join("\n"));
  if ([...standings.values()].some(({ kind }) => kind === "stopped" || kind === "waiting")) throw new Interruption("The sweep was stopped.");
  if (failed.length > 0) throw new Failure(EXIT.failed);
}

function checkFlags({ slurm, print, time, partition, sbatch, svg, html }: RunFlags): void {
  if (slurm && (svg ?? html) !== undefined) throw new UsageError(`--${svg === undefined ? "html" : "svg"} draws what is done, and --slurm only submits; give it when you gather the results.`);
  const [onlySlurm] = Object.entries({ print, time, partition, sbatch: sbatch[0] }).find(([, value]) => value !== undefined) ?? [];
  if (!slurm && onlySlurm !== undefined) throw new UsageError(`--${onlySlurm} is for a job that is submitted; give --slurm with it.`);
}

/** Draws what is done; nothing where nothing is. */
async function draw({ name }: Sweep, rows: readonly SweepRow[], { svg, html }: RunFlags, io: Io): Promise<void> {
  if ((svg ?? html) === undefined) return;
  if (rows.length === 0) return io.err("No training is done, so that nothing is drawn.\n");
  if (svg !== undefined) await writeSvg(svg, lossChart(rows));
  if (html !== undefined) await writePage(html, sweepPage(name, rows));
}

function sweepPage(name: string, rows: readonly SweepRow[]): Page {
  const groups = byTokens(rows);
  return {
    title: `The sweep ${name}`,
    sections: [
      { heading: "Against compute", chart: { draw: (theme) => lossChart(rows, theme) } },
      ...(groups.length === 0 ? [] : [{ heading: "Against size", chart: { draw: (theme: ThemeName) => sizeChart(groups, theme) } }]),
      {
        heading: "Trainings",
        table: {
          headings: ["training", "layers", "width", "N", "tokens D", "epochs", "FLOPs", "loss", "time"],
          rows: rows.map((row) => [
            row.name, String(row.layers), String(row.width), count(row.parameters), count(row.tokens), row.epochs.toFixed(2), row.flops.toExponential(2), row.loss.toFixed(4), duration(row.seconds),
          ]),
          right: [1, 2, 3, 4, 5, 6, 7, 8], caption: "N is without embeddings and output layer; the loss is that of validation at the end, in nats a token.",
        },
      },
    ],
  };
}

/** The trainings that are asked for. @throws CommandError where one is not of the sweep */
function chosenRuns(all: readonly SweepRun[], { only, maxParameters = Infinity }: Pick<RunFlags, "only" | "maxParameters">): SweepRun[] {
  for (const name of only ?? []) {
    if (all.some((run) => run.name === name || run.hash === name)) continue;
    const near = nearest(name, all.map((run) => run.name));
    throw new CommandError(`The sweep has no training "${name}"; ${near === undefined ? `its first is "${all[0]?.name ?? ""}"` : `did you mean "${near}"?`}`);
  }
  const chosen = all.filter((run) => (only === undefined || only.includes(run.name) || only.includes(run.hash)) && run.size.parameters <= maxParameters);
  if (chosen.length > 0) return chosen;
  throw new CommandError(`No training of the sweep has at most ${maxParameters} parameters; the smallest has ${Math.min(...all.map(({ size }) => size.parameters))}.`);
}

async function trainAll(sweep: Sweep, runs: readonly SweepRun[], settings: Place & { retries: number }, io: Io): Promise<Map<SweepRun, Standing>> {
  const progress = new SweepProgress(io, runs);
  return interruptible(
    (signal) => trainRuns(sweep, runs, { ...settings, signal, onChange: (run, standing) => progress.change(run, standing) }),
    {
      exitCode: EXIT.interrupted,
      onInterrupt: () => progress.note("Saving a checkpoint of each training; press Ctrl-C again to exit at once."),
    },
  ).finally(() => progress.close());
}

/** Writes the batch script, and submits it or prints it. */
async function submit(file: string, sweep: Sweep, runs: readonly SweepRun[], { jobs, threads, retries, time, partition, sbatch, print }: RunFlags, io: Io): Promise<void> {
  const hashes = [...new Set(runs.filter(({ result }) => result === undefined).map(({ hash }) => hash))];
  if (hashes.length === 0) return io.out(`All ${runs.length} trainings are done; gather them with decade scale run ${file}.\n`);
  const logs = sweepFolder(sweep);
  const script = slurmArray({
    name: sweep.name, hashes, jobs, threads, time, partition, options: sbatch, folder: process.cwd(), logs,
    command: [...ownProgram(), "scale", "run", resolve(file), "--jobs", "1", "--threads", String(threads), "--retries", String(retries), "--only"],
  });
  if (print) return io.out(script);
  await makeFolders(logs);
  const { error, status, stdout, stderr } = spawnSync("sbatch", [], { input: script, encoding: "utf8" });
  if (error !== undefined) throw new CommandError(`There is no sbatch on this machine (${error.message}); submit from a machine of the cluster, or give --print and take the script there.`);
  if (status !== 0) throw new CommandError(`sbatch refused the job: ${stderr.trim()}`);
  io.out(stdout);
  io.err(`${hashes.length} trainings; when they have ended, gather them with decade scale run ${file}.\n`);
}
