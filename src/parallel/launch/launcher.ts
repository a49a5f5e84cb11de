import { spawnSync } from "node:child_process";
import { getuid } from "node:process";
import { TransportError } from "../transport.ts";

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
 * Finds out what a command is by its version. Throws a TransportError where it cannot be run.
 *
 * @param command `mpirun` or `srun`, a name or a path
 */
export function findLauncher(command = "mpirun"): Launcher {
  const { stdout, stderr, error, status } = spawnSync(command, ["--version"], { encoding: "utf8", timeout: 20_000 });
  if (error !== undefined) {
    const missing = "code" in error && error.code === "ENOENT";
    throw new TransportError(missing
      ? `There is no ${command}; install openmpi-bin or mpich, or name another by --mpirun.`
      : `${command} cannot be run: ${error.message}.`);
  }
  const version = `${stdout}${stderr}`;
  if (/Open MPI|OpenRTE|PRRTE/.test(version)) return openMpi(command, Number(/(\d+)\.\d+\.\d+/.exec(version)?.[1] ?? 4));
  if (/HYDRA|Intel\(R\) MPI|MVAPICH/i.test(version)) return mpich(command);
  if (status === 0 && /^slurm /i.test(version)) return slurm(command);
  return { name: "unknown", command, stop: "SIGTERM", end: "SIGKILL", flags: ({ processes }) => ["-n", String(processes)] };
}

function openMpi(command: string, major: number): Launcher {
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

function slurm(command: string): Launcher {
  const { SLURM_CPUS_PER_TASK: threads, SLURM_MPI_TYPE: chosen } = process.env;
  return {
    name: "Slurm", command, stop: "SIGUSR2", end: "SIGKILL",
    flags: ({ processes }) => [
      `--ntasks=${processes}`, "--kill-on-bad-exit=1",
      ...(threads === undefined ? [] : [`--cpus-per-task=${threads}`]), // srun 22.05 and later does not take it from sbatch
      ...(chosen === undefined ? [`--mpi=${slurmMpiTypes(command).find((type) => type === "pmix") ?? "pmi2"}`] : []),
    ],
  };
}

/** What `srun --mpi` can be: "pmix" is what Open MPI speaks, "pmi2" what MPICH does. */
export function slurmMpiTypes(command = "srun"): string[] {
  const { stdout, stderr, error } = spawnSync(command, ["--mpi=list"], { encoding: "utf8", timeout: 20_000 });
  return error === undefined ? `${stdout}${stderr}`.split(/[\s,]+/) : [];
}

/** Variables that processes on other hosts need; Open MPI passes on only what it is told to. */
function passedOn(variables: readonly string[]): string[] {
  const own = Object.keys(process.env).filter((name) => name === "NODE_OPTIONS" || name === "PATH" || name === "LD_LIBRARY_PATH" || name.startsWith("DECADE_"));
  return [...new Set([...own, ...variables])];
}
