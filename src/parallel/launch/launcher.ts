import { spawnSync } from "node:child_process";
import { getuid } from "node:process";
import { NoTransportError } from "../transport.ts";

/** What starts the processes of a job, and how it is spoken to. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH" | "Slurm" | "unknown";
  readonly command: string;
  /** Flags before the program. */
  flags(job: JobShape): string[];
  /** Signal that it passes on to all processes, which save and end. */
  readonly stop: NodeJS.Signals;
  /** Signal by which it ends all processes at once. */
  readonly end: NodeJS.Signals;
}

export interface JobShape {
  readonly processes: number;
  /** Hosts and how many processes each takes, in the launcher's own format. */
  readonly hostFile?: string | undefined;
  /** Names of variables that all processes get. */
  readonly variables: readonly string[];
}

/**
 * Finds out what a command is by its version. Throws a NoTransportError where it cannot be run.
 *
 * @param command `mpirun` or `srun`, a name or a path
 */
export function findLauncher(command = "mpirun"): Launcher {
  const version = versionText(command);
  if (version instanceof Error) {
    throw new NoTransportError("code" in version && version.code === "ENOENT"
      ? `There is no ${command}; install openmpi-bin or mpich, or name another by --mpirun.`
      : `${command} cannot be run: ${version.message}.`);
  }
  if (OPEN_MPI.test(version)) return openMpi(command, version);
  if (/HYDRA|Intel\(R\) MPI|MVAPICH/i.test(version)) return mpich(command);
  if (/^slurm\S* \d/i.test(version)) return slurm(command, versionText("mpirun"));
  return { name: "unknown", command, stop: "SIGTERM", end: "SIGKILL", flags: ({ processes }) => ["-n", String(processes)] };
}

const OPEN_MPI = /Open MPI|OpenRTE|PRRTE/;

function versionText(command: string): string | Error {
  const { stdout, stderr, error } = spawnSync(command, ["--version"], { encoding: "utf8", timeout: 20_000 });
  return error ?? `${stdout}${stderr}`;
}

function openMpi(command: string, version: string): Launcher {
  const major = Number(/(\d+)\.\d+\.\d+/.exec(version)?.[1] ?? 4);
  return {
    name: "Open MPI", command,
    stop: "SIGUSR2", // SIGINT and SIGTERM end the processes within a second
    end: "SIGTERM",
    flags: ({ processes, hostFile, variables }) => [
      "-n", String(processes),
      ...(getuid?.() === 0 ? ["--allow-run-as-root"] : []),
      // A host file says how many processes a host takes; without one, as many as asked for.
      ...(hostFile === undefined ? (major >= 5 ? ["--map-by", ":OVERSUBSCRIBE"] : ["--oversubscribe"]) : ["--hostfile", hostFile]),
      "--bind-to", "none", // a process has threads, and may not be alone on the host
      ...passedOn(variables).flatMap((name) => ["-x", name]),
    ],
  };
}

function mpich(command: string): Launcher {
  return {
    name: "MPICH", command, stop: "SIGTERM", end: "SIGKILL",
    flags: ({ processes, hostFile }) => ["-n", String(processes), ...(hostFile === undefined ? [] : ["-f", hostFile])],
  };
}

/**
 * `srun` by the protocol that works: PMIx, which Open MPI speaks; else PMI-2, which MPICH speaks. Where PMIx does not work
 * and mpirun is Open MPI's, that starts the processes in the job's allocation.
 */
function slurm(command: string, mpirun: string | Error): Launcher {
  const { SLURM_CPUS_PER_TASK: threads, SLURM_MPI_TYPE: chosen } = process.env;
  const pmix = chosen === undefined && spawnSync(command, ["--mpi=pmix", "--ntasks=1", "true"], { timeout: 60_000 }).status === 0;
  if (chosen === undefined && !pmix && typeof mpirun === "string" && OPEN_MPI.test(mpirun)) return openMpi("mpirun", mpirun);
  return {
    name: "Slurm", command, stop: "SIGUSR2", end: "SIGKILL",
    flags: ({ processes }) => [
      `--ntasks=${processes}`, "--kill-on-bad-exit=1",
      ...(threads === undefined ? [] : [`--cpus-per-task=${threads}`]), // srun 22.05 and later does not take it from sbatch
      ...(chosen === undefined ? [`--mpi=${pmix ? "pmix" : "pmi2"}`] : []),
    ],
  };
}

/** Variables that processes on other hosts need; Open MPI passes on only what it is told to. */
function passedOn(variables: readonly string[]): string[] {
  const own = Object.keys(process.env).filter((name) => name === "NODE_OPTIONS" || name === "PATH" || name === "LD_LIBRARY_PATH" || name.startsWith("DECADE_"));
  return [...new Set([...own, ...variables])];
}
