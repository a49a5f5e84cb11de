import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedMpiruns, type Mpirun } from "../parallel/fixtures/mpirun.ts";
import { MetricsLog } from "../train/run/metrics-log.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
  await place.write("four.json", JSON.stringify({ ...place.toyConfig(), training: { ...place.toyConfig().training, accumulate: 4, batch: { sentences: 4 } } }));
  await place.write("wave.json", JSON.stringify({
    ...place.toyConfig(), model: { kind: "seq2seq-lstm", layers: 3, hidden: 16, dropout: 0.1 },
    training: { ...place.toyConfig().training, steps: 20, accumulate: 2, batch: { sentences: 8 } },
  }));
  expect((await place.decade("train", place.path("four.json"), "--name", "alone")).code).toBe(0);
  expect((await place.decade("train", place.path("wave.json"), "--name", "wave-alone")).code).toBe(0);
}, 60_000);
afterAll(() => place.remove());

/** Starts the command line as a job of several ranks. */
async function job({ command, flags }: Mpirun, ranks: number, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(command, [...flags, "-n", String(ranks), process.execPath, MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}

async function losses(name: string): Promise<number[]> {
  return (await MetricsLog.read(`${place.run(name)}/metrics.jsonl`)).map(({ loss, validationLoss }) => Number(loss ?? validationLoss));
}

async function expectSameLosses(name: string, other: string): Promise<void> {
  const [together, alone] = [await losses(name), await losses(other)];
  expect(together).toHaveLength(alone.length);
  together.forEach((loss, at) => expect(Math.abs(loss / (alone[at] ?? NaN) - 1)).toBeLessThan(1e-5));
}

describe.each(installedMpiruns().map((mpirun) => [mpirun.name, mpirun] as const))("a job of %s", (name, mpirun) => {
  test("of 4 ranks trains as one process does, and one of them speaks", async () => {
    const run = `four-${name.replaceAll(" ", "")}`;
    const { code, out, err } = await job(mpirun, 4, "train", place.path("four.json"), "--name", run, "--set", "parallel.stages=2", "--json");
    expect(err).not.toContain("decade:");
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(lastLine(out)).toMatchObject({ reason: "finished", step: 40 });
    await expectSameLosses(run, "alone");
  }, 60_000);

  test("laid out as in 2014, a layer a rank and half of the vocabulary on the fourth, trains as one process does", async () => {
    const run = `wave-${name.replaceAll(" ", "")}`;
    const layout = ["stages=3", "vocabulary=2", "schedule=wavefront-2014", "chunks=4"].flatMap((each) => ["--set", `parallel.${each}`]);
    const { code, out, err } = await job(mpirun, 4, "train", place.path("wave.json"), "--name", run, ...layout, "--json");
    expect(code, err).toBe(0);
    expect(lastLine(out)).toMatchObject({ reason: "finished", step: 20 });
    await expectSameLosses(run, "wave-alone");
  }, 60_000);

  test("that does not fit its ranks ends with one sentence", async () => {
    const { code, err } = await job(mpirun, 3, "train", place.path("four.json"), "--name", "three");
    expect(code).not.toBe(0);
    expect(err.match(/^decade: .*$/gm)).toEqual([expect.stringContaining("cannot be shared out evenly among 3 replicas")]);
  }, 60_000);
});

test("--dry-run lays a training out, and starts none", async () => {
  const { code, out } = await place.decade("train", place.path("four.json"), "--name", "dry", "--dry-run", "--processes", "8", "--set", "parallel.stages=2", "--json");
  expect(code).toBe(0);
  expect(lastLine(out)).toMatchObject({ processes: 8, replicas: 4, batchesPerReplica: 1, devices: [{ stages: [0] }, { stages: [1] }] });
  expect(await losses("dry")).toEqual([]);
});
