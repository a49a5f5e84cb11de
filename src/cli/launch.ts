import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { isLockFree } from "../data/lock.ts";
import { batchScript } from "../parallel/launch/batch-script.ts";
import { runJobProcess } from "../parallel/launch/job-process.ts";
import { findLauncher } from "../parallel/launch/launcher.ts";
import { ownProgram } from "../parallel/launch/own-program.ts";
import { runWithRestarts } from "../parallel/launch/restarts.ts";
import { loadAnyConfig } from "../train/config/load.ts";
import type { RunConfig } from "../train/config/config.ts";
import type { TextRunConfig } from "../train/config/text.ts";
import { CommandError, EXIT, Failure, Interruption, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveInteger, repeated, setOption } from "./options.ts";

/** Time in which processes end that have lost the others: the monitor's heartbeat, and some more. */
const LAST_MILLISECONDS = 15_000;

interface LaunchFlags {
  readonly processes: number;
  readonly maxRestarts: number;
  readonly mpirun?: string;
  readonly hostFile?: string;
  readonly slurm?: boolean;
  readonly print?: boolean;
  readonly nodes?: number;
  readonly time?: string;
  readonly partition?: string;
  readonly sbatch: readonly string[];
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly set: readonly string[];
  readonly name?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function addLaunch(program: Command, io: Io): void {
  program.command("launch")
    .description("train a configuration on several processes, and go on where one is lost")
    .argument("<config>", "configuration: a .ts, .js or .json file")
    .requiredOption("--processes <count>", "processes that train together", positiveInteger)
    .option("--max-restarts <count>", "how often to start again from the newest checkpoint", nonNegativeInteger, 0)
    .option("--mpirun <command>", "what starts the processes: an mpirun, or srun within a Slurm job (default: mpirun)")
    .option("--host-file <file>", "hosts to use, in mpirun's format")
    .option("--slurm", "submit a job to Slurm that does this")
    .option("--print", "with --slurm: print the batch script instead")
    .option("--nodes <count>", "with --slurm: nodes to use", positiveInteger)
    .option("--time <limit>", "with --slurm: longest run time, such as 8:00:00; a checkpoint is saved before it")
    .option("--partition <name>", "with --slurm: partition to use")
    .option("--sbatch <option>", "with --slurm: a further option of sbatch, such as --sbatch=--account=physics; may be repeated", repeated, [])
    .option("--resume", "go on from the newest checkpoint")
    .option("--overwrite", "replace a run of the same name")
    .addOption(setOption())
    .option("--name <name>", "name of the run, in place of the configuration's")
    .option("--threads <count>", "threads of each process (default: the configuration's, or this machine's cores shared out)", positiveInteger)
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint and exits with code 130; a second Ctrl-C ends all processes at once.")
    .action((config: string, flags: LaunchFlags) => runLaunch(config, flags, io));
}

async function runLaunch(file: string, flags: LaunchFlags, io: Io): Promise<void> {
  checkFlags(flags);
  const config = await loadAnyConfig(file, [...flags.set, ...(flags.name === undefined ? [] : [`name=${JSON.stringify(flags.name)}`])]);
  if (flags.slurm) return submit(file, config, flags, io);
  const launcher = findLauncher(flags.mpirun);
  const threads = flags.threads ?? config.engine.threads ?? (flags.hostFile === undefined && launcher.name !== "Slurm" ? share(flags.processes) : undefined);
  const before = Date.now();
  const { SLURM_JOB_ID: slurmJob, SLURM_RESTART_COUNT: slurmStart = "0" } = process.env;
  const job = slurmJob === undefined ? randomUUID() : `slurm-${slurmJob}`;
  const { verdict, outcome } = await runWithRestarts({
    most: flags.maxRestarts,
    run: async (start) => {
      if (start > 0) await untilEnded(config);
      // Where a run of the same name was to be replaced and was not, going on would go on with the old one.
      const resume = start > 0 && (!flags.overwrite || writtenSince(config, before));
      const asked = resume ? { ...flags, resume, overwrite: false } : flags;
      const program = [...ownProgram(), "train", file, ...trainFlags({ ...asked, ...(threads !== undefined && { threads }) })];
      const variables = { DECADE_JOB: job, DECADE_JOB_START: String(Number(slurmStart) * 1000 + start) };
      return runJobProcess(launcher, { args: [...launcher.flags({ ...flags, variables: Object.keys(variables) }), ...program], variables }, io);
    },
    say: (sentence) => io.err(`decade: ${sentence}\n`),
  });
  if (verdict === "done") return;
  if (verdict === "interrupted") throw new Interruption("The training was stopped.");
  throw new Failure(verdict === "lost" ? EXIT.lost : outcome.code === EXIT.usage ? EXIT.usage : EXIT.failed);
}

function checkFlags({ resume, overwrite, slurm, print, nodes, time, partition, sbatch, mpirun, hostFile }: LaunchFlags): void {
  if (resume && overwrite) throw new UsageError("--resume and --overwrite cannot be given together; choose one.");
  const [onlySlurm] = Object.entries({ print, nodes, time, partition, sbatch: sbatch[0] }).find(([, value]) => value !== undefined) ?? [];
  if (!slurm && onlySlurm !== undefined) throw new UsageError(`--${onlySlurm} is for a job that is submitted; give --slurm with it.`);
  if (slurm && hostFile !== undefined) throw new UsageError("--host-file and --slurm cannot be given together: Slurm chooses the hosts.");
  if (slurm && mpirun !== undefined && basename(mpirun) === "sbatch") throw new UsageError("--mpirun is what starts the processes within the job: an mpirun, or srun.");
}

/** Writes the batch script, and submits it or prints it. */
function submit(file: string, config: RunConfig | TextRunConfig, flags: LaunchFlags, io: Io): void {
  const { processes, maxRestarts, nodes, time, partition, sbatch, print, name, overwrite, resume } = flags;
  const threads = flags.threads ?? config.engine.threads ?? 1;
  const script = batchScript({
    name: name ?? config.name, processes, threads, nodes, time, partition, options: sbatch, folder: process.cwd(),
    command: [
      ...ownProgram(), "launch", resolve(file), "--processes", String(processes), "--mpirun", flags.mpirun ?? "srun",
      "--max-restarts", String(maxRestarts), ...trainFlags({ ...flags, threads, resume: false, overwrite: false }),
    ],
    first: resume ? ["--resume"] : overwrite ? ["--overwrite"] : [],
    again: ["--resume"],
  });
  if (print) return io.out(script);
  const { error, status, stdout, stderr } = spawnSync("sbatch", [], { input: script, encoding: "utf8" });
  if (error !== undefined) throw new CommandError(`There is no sbatch on this machine (${error.message}); submit from a machine of the cluster, or give --print and take the script there.`);
  if (status !== 0) throw new CommandError(`sbatch refused the job: ${stderr.trim()}`);
  io.out(stdout);
}

function trainFlags({ resume, overwrite, set, name, threads, json }: Pick<LaunchFlags, "resume" | "overwrite" | "set" | "name" | "threads" | "json">): string[] {
  return [
    ...(resume ? ["--resume"] : []), ...(overwrite ? ["--overwrite"] : []),
    ...set.flatMap((each) => ["--set", each]),
    ...(name === undefined ? [] : ["--name", name]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...(json ? ["--json"] : []),
  ];
}

/** Threads of each of several processes on this machine. */
function share(processes: number): number {
  return Math.max(1, Math.floor(availableParallelism() / processes));
}

/** The engine may have ended before the last of its processes, or without those on a host that it no longer reaches. */
async function untilEnded(config: RunConfig | TextRunConfig): Promise<void> {
  const lock = join(folderOf(config), "run.lock");
  for (const end = performance.now() + LAST_MILLISECONDS; performance.now() < end && !await isLockFree(lock);) await delay(100);
}

function writtenSince(config: RunConfig | TextRunConfig, milliseconds: number): boolean {
  return (statSync(join(folderOf(config), "config.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= milliseconds;
}

function folderOf({ directory, name }: RunConfig | TextRunConfig): string {
  return resolve(directory, name);
}
