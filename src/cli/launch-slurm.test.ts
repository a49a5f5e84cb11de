/** `decade launch --slurm` on a Slurm of this machine alone, where one can be started. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { installedMpiruns } from "../parallel/fixtures/mpirun.ts";
import { Workplace } from "./fixtures/command-line.ts";
import { startSlurm, type OneMachineSlurm } from "./fixtures/one-machine-slurm.ts";

let place: Workplace;
let slurm: OneMachineSlurm | string;
beforeAll(async () => {
  place = await Workplace.create();
  slurm = installedMpiruns().length === 0 ? "no MPI library is installed." : await startSlurm(place.path("slurm"));
  if (typeof slurm === "string") console.warn(`SKIPPED: no job is submitted to Slurm: ${slurm}`);
}, 60_000);
afterAll(async () => {
  if (typeof slurm === "object") await slurm.stop();
  await place.remove();
});

it("trains in a job, saves when the job is told to end, and goes on in another", async ({ skip }) => {
  if (typeof slurm === "string") return skip();
  const { variables, run } = slurm;
  const mpich = installedMpiruns().some(({ name }) => name === "MPICH"); // Slurm's PMIx needs more than its package
  const settings = { ...variables, ...(mpich && { SLURM_MPI_TYPE: "pmi2" }) };
  await place.write("two.json", JSON.stringify({ ...place.toyConfig(), training: { ...place.toyConfig().training, accumulate: 2, batch: { sentences: 8 } } }));
  const submit = async (...args: string[]): Promise<string> => {
    const { ended } = place.startIn(place.folder, settings, "launch", "two.json", "--slurm", "--processes", "2", "--name", "batch", ...args);
    const { code, out, err } = await ended;
    expect(code, err).toBe(0);
    return /Submitted batch job (\d+)/.exec(out)?.[1] ?? "";
  };
  const untilOver = async (job: string): Promise<string> => {
    while (run("squeue", "-h", "-o", "%i").split("\n").includes(job)) await delay(200);
    return readFile(place.path(`batch-${job}.log`), "utf8");
  };
  const first = await submit("--set", "training.steps=100000", "--time", "0:10:00");
  await place.untilLogged("batch", 12);
  run("scancel", "--signal=TERM", "--batch", first); // what Slurm sends before the time limit
  expect(await untilOver(first)).toMatch(/Interrupted at step \d+/);
  const saved = Math.max(...(await readdir(`${place.run("batch")}/checkpoints`)).map((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? 0)));
  const log = await untilOver(await submit("--resume", "--set", `training.steps=${saved + 5}`));
  expect(log).toContain(`going on from step ${saved}`);
  expect(log).toContain(`Finished at step ${saved + 5}`);
}, 90_000);
