/** `decade scale run --slurm` on a Slurm of this machine alone, where one can be started. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Workplace } from "./fixtures/command-line.ts";
import { startSlurm, type OneMachineSlurm } from "./fixtures/one-machine-slurm.ts";

let place: Workplace;
let slurm: OneMachineSlurm | string;
beforeAll(async () => {
  place = await Workplace.create();
  slurm = await startSlurm(place.path("slurm"));
  if (typeof slurm === "string") console.warn(`SKIPPED: no sweep is submitted to Slurm: ${slurm}`);
}, 60_000);
afterAll(async () => {
  if (typeof slurm === "object") await slurm.stop();
  await place.remove();
});

it("trains each in a task of an array, and gathers them", async ({ skip }) => {
  if (typeof slurm === "string") return skip();
  const { variables, run } = slurm;
  const { training, ...base } = place.toyConfig();
  const sweep = {
    name: "array", directory: place.path("runs"), base: { ...base, training: { batch: { sentences: 16 }, mfu: false, optimizer: training?.optimizer } },
    design: { kind: "grid", parameters: [2e3, 6e3], layers: [1], tokens: [2000] }, shape: { multiple: 4 },
  };
  const file = await place.write("array.json", JSON.stringify(sweep));
  const scale = async (...args: string[]): Promise<{ code: number | null; out: string; err: string }> => place.startIn(place.folder, variables, "scale", "run", file, ...args).ended;
  const submitted = await scale("--slurm", "--jobs", "2", "--time", "0:10:00");
  expect(submitted.code, submitted.err).toBe(0);
  expect(submitted.out).toMatch(/Submitted batch job \d+/);
  while (run("squeue", "-h", "-o", "%i").trim() !== "") await delay(200);

  const gathered = await scale();
  expect(gathered.err).toContain("2 of 2 trainings are done already.");
  expect((await readFile(join(place.run("array"), "sweep.csv"), "utf8")).trimEnd().split("\n")).toHaveLength(3);
  expect((await scale("--slurm")).out).toContain("All 2 trainings are done");
}, 120_000);
