/** Killing a training again and again must not change what it ends with. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hash32 } from "../data/shuffle.ts";
import { MetricsLog } from "../train/run/metrics-log.ts";
import { Workplace } from "./fixtures/command-line.ts";

const KILLS = 20;

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const partialFolders = (name: string): string[] => {
  try {
    return readdirSync(`${place.run(name)}/checkpoints`).filter((folder) => folder.startsWith(".partial-"));
  } catch {
    return [];
  }
};

/** When to kill a life of the training: while it starts, after some steps, or while it writes a checkpoint. */
async function untilMoment(name: string, life: number, child: ChildProcess): Promise<void> {
  const random = hash32(2014, life);
  if (life % 4 === 1) return delay(random % 700);
  if (life % 4 !== 0) return place.untilLogged(name, place.loggedSteps(name) + 1 + (random % 20));
  const leftovers = new Set(partialFolders(name));
  const writing = (): boolean => partialFolders(name).some((folder) => !leftovers.has(folder));
  while (child.exitCode === null) {
    if (writing()) {
      child.kill("SIGSTOP"); // or it might be done before the kill arrives
      await delay(20);
      if (writing()) return;
      child.kill("SIGCONT");
    }
    await setImmediate();
  }
}

it(`a training that is killed ${KILLS} times ends with the weights of one that is not, byte for byte`, async () => {
  const config = place.path("toy.json");
  const settings = (steps: number): string[] => [
    "--set", `training.steps=${steps}`, "--set", "training.checkpointEvery.steps=6", "--set", "training.validateEvery.steps=35",
  ];
  let insideWrite = 0;
  for (let life = 0; life < KILLS; life++) {
    const { child, ended } = place.start("train", config, "--name", "killed", "--resume", ...settings(1_000_000)); // more than it lives to see
    await Promise.race([untilMoment("killed", life, child), once(child, "exit")]);
    child.kill("SIGKILL");
    const { signal, err } = await ended;
    expect(signal, err).toBe("SIGKILL"); // it did not fail before
    if (partialFolders("killed").length > 0) insideWrite++;
  }
  expect(insideWrite).toBeGreaterThanOrEqual(KILLS / 4);
  const last = place.loggedSteps("killed") + 10;

  for (const name of ["killed", "undisturbed"]) {
    const { code, err } = await place.decade("train", config, "--name", name, "--resume", ...settings(last));
    expect(code, err).toBe(0);
  }
  for (const file of ["model.safetensors", "optimizer.safetensors"]) {
    const [killed, undisturbed] = await Promise.all(["killed", "undisturbed"].map((name) => readFile(`${place.run(name)}/checkpoints/step-${last}/${file}`)));
    expect(undisturbed?.length).toBeGreaterThan(1000);
    expect(killed?.equals(undisturbed ?? Buffer.of()), file).toBe(true);
  }
  const [killed, undisturbed] = await Promise.all(["killed", "undisturbed"].map(async (name) => {
    const records = await MetricsLog.read(`${place.run(name)}/metrics.jsonl`);
    return records.map(({ step, loss, validationLoss }) => ({ step, loss, validationLoss }));
  }));
  expect(killed).toEqual(undisturbed);
  expect(partialFolders("killed")).toEqual([]);
}, 400_000);
