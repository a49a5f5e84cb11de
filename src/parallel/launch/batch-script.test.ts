import { spawnSync } from "node:child_process";
import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { batchScript, quote, type BatchJob } from "./batch-script.ts";

const job: BatchJob = {
  name: "captions", processes: 8, threads: 4, nodes: 2, time: "8:00:00", partition: "long", options: ["--account=physics"],
  folder: "/home/a user", command: ["echo", "--set", "name=\"it's\""], first: ["--overwrite"], again: ["--resume"],
};

it("asks for what was asked for, before anything runs", () => {
  const [directives, , ...rest] = batchScript(job).split(/(\n\n)/);
  expect(directives?.split("\n")).toEqual([
    "#!/bin/bash", "#SBATCH --job-name=captions", "#SBATCH --ntasks=8", "#SBATCH --cpus-per-task=4", "#SBATCH --nodes=2", "#SBATCH --time=8:00:00",
    "#SBATCH --partition=long", "#SBATCH --output=captions-%j.log", "#SBATCH --open-mode=append", "#SBATCH --requeue", "#SBATCH --signal=B:TERM@120",
    "#SBATCH --account=physics",
  ]);
  expect(rest.join("")).not.toContain("#SBATCH");
});

it.each([[undefined, "--overwrite"], ["0", "--overwrite"], ["1", "--resume"]])("where Slurm has started it again %s times, ends with %s", (count, flag) => {
  const script = batchScript({ ...job, folder: "/" });
  const { stdout, status } = spawnSync("bash", ["-c", script], { encoding: "utf8", env: { PATH: process.env["PATH"], ...(count !== undefined && { SLURM_RESTART_COUNT: count }) } });
  expect([status, stdout]).toEqual([0, `--set name="it's" ${flag}\n`]);
});

test.prop([fc.array(fc.string({ unit: "grapheme-ascii" }), { minLength: 1, maxLength: 10 })], { numRuns: 10 })("a shell reads a quoted word as it was", (words) => {
  const { stdout } = spawnSync("bash", ["-c", `printf '%s\\0' ${words.map(quote).join(" ")}`], { encoding: "utf8" });
  expect(stdout.split("\0").slice(0, -1)).toEqual(words);
});
