/** What the engine that started this process says about the job, in variables of the environment. */
export interface Job {
  readonly rank: number;
  readonly size: number;
  /** Ranks on this host, where the engine says so. */
  readonly local: number | undefined;
  /** Whose library speaks to that engine, where only one can. */
  readonly family: "Open MPI" | "MPICH" | undefined;
  /** What names the engine in messages. */
  readonly startedBy: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Engine {
  readonly startedBy: string;
  readonly family: Job["family"];
  readonly rank: string;
  readonly size: string;
  readonly local: readonly string[];
}

/**
 * Open MPI: docs.open-mpi.org, "Environment variables set for MPI applications". Hydra, which MPICH and Intel MPI
 * start by: `PMI_*` of its process manager interface and `MPI_LOCALNRANKS`. Slurm's srun sets `SLURM_PROCID` and
 * `SLURM_NTASKS`, but the latter also for a batch script, which is one process; `SLURM_STEP_NUM_TASKS` is of a step.
 */
const ENGINES: readonly Engine[] = [
  { startedBy: "Open MPI's mpirun", family: "Open MPI", rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE", local: ["OMPI_COMM_WORLD_LOCAL_SIZE"] },
  { startedBy: "MPICH's mpirun", family: "MPICH", rank: "PMI_RANK", size: "PMI_SIZE", local: ["MPI_LOCALNRANKS"] },
  { startedBy: "srun", family: undefined, rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", local: ["SLURM_STEP_TASKS_PER_NODE"] },
];

/** The job that this process is a rank of; undefined where nothing says that it is one of several. */
export function startedJob(environment: Environment = process.env): Job | undefined {
  for (const { startedBy, family, rank, size, local } of ENGINES) {
    const [itsRank, itsSize] = [count(environment[rank]), count(environment[size])];
    if (itsRank === undefined || itsSize === undefined) continue;
    // srun passes Hydra's variables on, too, where its plugin for them is chosen.
    const srun = environment["SLURM_STEP_NUM_TASKS"] !== undefined && family === "MPICH" && environment["MPI_LOCALNRANKS"] === undefined;
    return {
      rank: itsRank, size: itsSize, family: srun ? undefined : family, startedBy: srun ? "srun" : startedBy,
      local: local.map((name) => count(environment[name])).find((value) => value !== undefined),
    };
  }
  return undefined;
}

/** How many processes the job has, without loading MPI; 1 where nobody started several. */
export function worldSize(environment: Environment = process.env): number {
  return startedJob(environment)?.size ?? 1;
}

/** "4", or "4(x2)" as Slurm writes it for two nodes of four each. */
function count(text: string | undefined): number | undefined {
  const digits = /^(\d+)(\(x\d+\))?$/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
