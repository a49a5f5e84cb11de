/** Jobs of several processes under the real mpirun, beside the transport within one process. */
import { describe, expect, it, vi } from "vitest";
import { exchange, roundedSums } from "../fixtures/exchange.ts";
import { installedMpiruns, runJob, type Mpirun } from "../fixtures/mpirun.ts";
import { NoTransportError } from "../transport.ts";
import { runRanks } from "./in-process.ts";
import { MpiLibrary } from "./mpi-library.ts";
import { openMpi } from "./mpi.ts";

async function results<Result>(mpirun: Mpirun, processes: number, scenario: string): Promise<{ results: Result[]; code: number | null; err: string }> {
  const { code, out, err } = await runJob(mpirun, processes, "mpi-job.ts", scenario);
  const lines = out.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as { rank: number; size: number; result: Result });
  expect(lines.map(({ size }) => size), err).toEqual(Array.from({ length: processes }, () => processes));
  return { results: lines.sort((one, two) => one.rank - two.rank).map(({ result }) => result), code, err };
}

it.each([
  ["/nowhere/libmpi.so", "DECADE_MPI_LIBRARY names /nowhere/libmpi.so, which cannot be loaded; it takes the path of Open MPI's or MPICH's libmpi."],
  ["libc.so.6", "libc.so.6 is no MPI library."],
])("%s is refused as what no further try would change", async (file, sentence) => {
  vi.stubEnv("DECADE_MPI_LIBRARY", file);
  expect(() => MpiLibrary.load()).toThrow(new NoTransportError(sentence));
  for (let attempt = 0; attempt < 2; attempt++) await expect(openMpi()).rejects.toThrow(new NoTransportError(sentence));
  vi.unstubAllEnvs();
});

describe.each(installedMpiruns())("$name", (mpirun) => {
  it.each([2, 3, 4])("does with %i processes what one process does with as many ranks, and waits without computing", async (processes) => {
    const { results: ranks, code, err } = await results<{ exchange: unknown; sums: unknown; patience: number }>(mpirun, processes, "all");
    expect(code, err).toBe(0);
    expect(ranks.map(({ exchange: got }) => got)).toEqual(await runRanks(processes, exchange));
    // The same bits on each rank and as within one process, also where the order of a sum matters.
    expect(ranks.map(({ sums }) => sums)).toEqual(await runRanks(processes, roundedSums));
    for (const { patience } of ranks) expect(patience).toBeLessThan(0.3);
  });

  it("names who is waited for, and messages that are not as expected", async () => {
    const { results: [zero, one] } = await results<Record<string, string>>(mpirun, 2, "errors");
    expect(zero?.["short"]).toBe("Rank 0 received 3 Float32 elements from rank 1 under tag 1 where it expected 4 Float32 elements.");
    expect(zero?.["long"]).toContain("While rank 0 waited for a message of rank 1 under tag 2: MPI_Test failed: ");
    expect(one?.["never"]).toBe("Rank 1 waited for a message of rank 0 under tag 9, for 0.5 s.");
    expect(one?.["noRank"]).toBe("send: there is no rank 7; ranks are 0 to 1.");
    expect(one?.["tag"]).toContain("A message has the tag 1099511627776; tags are whole numbers from 0 to ");
    expect(one?.["again"]).toContain("MPI can be started once a process");
    expect(zero?.["alone"]).toBe("Rank 0 waited for rank 1 to form the group of ranks 0 and 1, for 0.5 s.");
  });
});
