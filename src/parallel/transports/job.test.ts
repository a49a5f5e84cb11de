import { describe, expect, it } from "vitest";
import { startedJob, worldSize } from "./job.ts";

describe("the job that a process belongs to", () => {
  it.each([
    ["Open MPI", { OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_LOCAL_SIZE: "2", PMIX_RANK: "3" }, { rank: 3, size: 4, local: 2, family: "Open MPI", startedBy: "Open MPI's mpirun" }],
    ["MPICH", { PMI_RANK: "0", PMI_SIZE: "8", MPI_LOCALNRANKS: "8" }, { rank: 0, size: 8, local: 8, family: "MPICH", startedBy: "MPICH's mpirun" }],
    ["srun --mpi=pmix", { SLURM_PROCID: "5", SLURM_NTASKS: "8", SLURM_STEP_NUM_TASKS: "8", SLURM_STEP_TASKS_PER_NODE: "4(x2)" }, { rank: 5, size: 8, local: 4, family: undefined, startedBy: "srun" }],
    ["srun --mpi=pmi2", { SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "2", PMI_RANK: "1", PMI_SIZE: "2" }, { rank: 1, size: 2, local: undefined, family: undefined, startedBy: "srun" }],
    ["MPICH's mpirun in a Slurm job, whose proxies srun starts", { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1", PMI_RANK: "2", PMI_SIZE: "4", MPI_LOCALNRANKS: "4" }, { rank: 2, size: 4, local: 4, family: "MPICH", startedBy: "MPICH's mpirun" }],
  ])("is read from what %s sets", (_, environment, job) => {
    expect(startedJob(environment)).toEqual(job);
  });

  it("is one process in a Slurm batch script, and where nobody started several", () => {
    expect(worldSize({ SLURM_PROCID: "0", SLURM_NTASKS: "8", SLURM_JOB_ID: "77" })).toBe(1);
    expect(worldSize({})).toBe(1);
  });
});
