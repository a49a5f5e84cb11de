/** Killing a training again and again must not change what it ends with. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hash32 } from "../data/shuffle.ts";
import { MetricsLog } from "../train/run/metrics-log.ts";
import { Workplace } from "./fixtures/command-line.ts";

const KILLS = 20;
const STEPS = 300;

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
async function untilMoment(name: string, life: number): Promise<void> {
  const random = hash32(2014, life);
  const before = place.loggedSteps(name);
  if (life % 4 === 1) return delay(random % 700);
  if (life % 4 !== 0) return place.untilLogged(name, Math.min(before, STEPS) + 1 + (random % 20));
  const leftovers = new Set(partialFolders(name));
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await setImmediate()) {
    if (partialFolders(name).some((folder) => !leftovers.has(folder))) return;
  }
}

it(`a training that is killed ${KILLS} times ends with the weights of one that is not, byte for byte`, async () => {
  const config = place.path("toy.json");
  const settings = ["--set", `training.steps=${STEPS}`, "--set", "training.checkpointEvery.steps=6", "--set", "training.validateEvery.steps=35"];
  let kills = 0;
  let insideWrite = 0;
  for (let life = 0; kills < KILLS; life++) {
    const { child, ended } = place.start("train", config, "--name", "killed", "--resume", ...settings);
    await Promise.race([untilMoment("killed", life), once(child, "exit")]);
    child.kill("SIGKILL");
    const { signal, err } = await ended;
    expect(signal, err).toBe("SIGKILL"); // it neither failed nor finished before
    kills++;
    if (partialFolders("killed").length > 0) insideWrite++;
  }
  expect(insideWrite).toBeGreaterThan(0);

  for (const name of ["killed", "undisturbed"]) {
    const { code, err } = await place.decade("train", config, "--name", name, "--resume", ...settings);
    expect(code, err).toBe(0);
  }
  for (const file of ["model.safetensors", "optimizer.safetensors"]) {
    const [killed, undisturbed] = await Promise.all(["killed", "undisturbed"].map((name) => readFile(`${place.run(name)}/checkpoints/step-${STEPS}/${file}`)));
    expect(undisturbed?.length).toBeGreaterThan(1000);
    expect(killed?.equals(undisturbed ?? Buffer.of()), file).toBe(true);
  }
  const [killed, undisturbed] = await Promise.all(["killed", "undisturbed"].map(async (name) => {
    const records = await MetricsLog.read(`${place.run(name)}/metrics.jsonl`);
    return records.map(({ step, loss, validationLoss }) => ({ step, loss, validationLoss }));
  }));
  expect(killed).toEqual(undisturbed);
  expect(partialFolders("killed")).toEqual([]);
});
