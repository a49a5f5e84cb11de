import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configure } from "./configure.ts";
import { makeSweepPlace, type SweepPlace } from "./fixtures/sweep-folder.ts";
import { trainInProcess } from "./training-process.ts";

let place: SweepPlace;
beforeAll(async () => { place = await makeSweepPlace(); });
afterAll(() => place.remove());

it("begins no training that is told to stop while its configuration is being written", async () => {
  const folder = join(place.folder, "runs", "small", "stopped");
  const controller = new AbortController();
  const config = configure(place.sweep({ design: { kind: "grid", parameters: [1e4], tokens: [100] } }), { "training.steps": 1 });
  const attempt = trainInProcess(config, folder, controller.signal);
  const files = (): string[] => readdirSync(folder, { encoding: "utf8" });
  await expect.poll(async () => { await setImmediate(); return files().length; }, { interval: 0 }).toBeGreaterThan(0);
  controller.abort();
  expect(await attempt).toEqual({ kind: "stopped" });
  expect(files()).not.toContain("training.log");
});
