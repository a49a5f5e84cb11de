/** Jobs under the real mpirun, one of whose ranks comes to harm. */
import { describe, expect, it } from "vitest";
import { setTimeout as delay } from "node:timers/promises";
import { installedMpiruns, runJob, startJob, type Mpirun, type Outcome } from "../fixtures/mpirun.ts";

/** Sends a signal to one rank a moment after all have begun to work; before it, SIGABRT to another. */
async function harmed(mpirun: Mpirun, signal: NodeJS.Signals, victim: number, heartbeatSeconds: number, aborts?: number): Promise<Outcome & { pid: number; afterwards: number }> {
  const { child, ended } = startJob(mpirun, 3, "monitor-job.ts", "none that it does itself", "0", String(heartbeatSeconds));
  const pids = new Map<number, number>();
  child.stdout?.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n").filter((each) => each.startsWith("{"))) {
      const { rank, pid } = JSON.parse(line) as { rank: number; pid: number };
      pids.set(rank, pid);
    }
  });
  while (pids.size < 3 && child.exitCode === null) await delay(20);
  await delay(150 * (victim + 1));
  const pid = pids.get(victim);
  if (pid === undefined) throw new Error(`The job did not begin: ${(await ended).err}`);
  const another = aborts === undefined ? undefined : pids.get(aborts);
  if (another !== undefined) {
    process.kill(another, "SIGABRT");
    await delay(200);
  }
  process.kill(pid, signal);
  const start = performance.now();
  return { ...await ended, pid, afterwards: (performance.now() - start) / 1000 };
}

const mpiruns = installedMpiruns();

describe.each(mpiruns)("a job under $name", (mpirun) => {
  it.each([0, 2])("ends within 10 s when rank %i is killed, and says which it was", async (victim) => {
    const { code, err, pid, afterwards } = await harmed(mpirun, "SIGKILL", victim, 10);
    expect(err).toMatch(new RegExp(`decade: Rank ${victim} \\(process ${pid} on .*\\) is gone: it was killed, or ended before its work was done\\.`));
    expect(code).not.toBe(0);
    expect(afterwards).toBeLessThan(10);
  });

  it("ends when a rank is stopped, and says which it was", async () => {
    const victim = mpirun.name === "MPICH" ? 0 : 1;
    const { code, err, pid, afterwards } = await harmed(mpirun, "SIGSTOP", victim, 2);
    expect(err).toMatch(new RegExp(`decade: Rank ${victim} \\(process ${pid} on .*\\) has not been heard from for \\d+ s`));
    expect(code).not.toBe(0);
    expect(afterwards).toBeLessThan(10);
  });

  it("ends in silence where all ranks are done", async () => {
    const { code, out, err } = await runJob(mpirun, 3, "monitor-job.ts", "none");
    expect(out.match(/in order/g)).toHaveLength(3);
    expect([code, err]).toEqual([0, ""]);
  });
});

describe.each(mpiruns.slice(0, 1))("a job under $name", (mpirun) => {
  it("names the killed rank, not one that aborts because it reads the killed one's memory", async () => {
    const { err, afterwards } = await harmed(mpirun, "SIGKILL", 1, 10, 0);
    expect(err.match(/decade: Rank \d/g)).toEqual(["decade: Rank 1"]);
    expect(afterwards).toBeLessThan(10);
  });

  it.each([
    ["loop", /decade: Rank 1 \(process \d+ on .*\) has computed without an end for \d s, while rank \d waited for rank 1 to join: all-reduce of 1000 Float32 elements/],
    ["stop working", /decade: Rank 1 \(process \d+ on .*\) has done nothing for \d s, while rank \d waited for rank 1 to join/],
    ["wait for each other", /decade: All ranks have waited for each other for 3 s: rank 0 waited for a message of rank 1 under tag 77; rank 1 waited for a message of rank 0 under tag 77/],
  ])("ends when ranks %s, and says who does what", async (harm, says) => {
    const { code, err, seconds } = await runJob(mpirun, 2, "monitor-job.ts", harm, "1", "10", "3");
    expect(err).toMatch(says);
    expect(code).toBe(75);
    expect(seconds).toBeLessThan(20);
  });

  it.each([
    ["a rank fails", "fail", /decade: Rank 2 \(process \d+ on .*\): It does not fit\.\n/],
    ["all ranks fail alike", "all fail", /^It does not fit, on all ranks\.\n/],
  ])("ends when %s, which rank 0 says", async (_, harm, says) => {
    const { code, err } = await runJob(mpirun, 3, "monitor-job.ts", harm, "2");
    expect(err).toMatch(says);
    expect(err.match(/It does not fit/g)).toHaveLength(1);
    expect(err).not.toContain("is gone");
    expect(code).toBe(1);
  });
});
