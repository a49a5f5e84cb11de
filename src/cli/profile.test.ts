import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { costProfileSchema } from "../parallel/cost-profile.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => { place = await Workplace.create(); });
afterAll(() => place.remove());

test("profile measures each part of a model, for plans and for training", async () => {
  const file = place.path("toy.costs.json");
  const { code, out } = await place.decade("profile", place.path("toy.json"), "--rounds", "2", "--output", file);
  expect(code).toBe(0);
  const { units, microBatch } = costProfileSchema.parse(JSON.parse(await readFile(file, "utf8")));
  expect(units.map(({ name }) => name)).toEqual(["sourceEmbedding", "encoder.0", "targetEmbedding", "decoder.0", "attention", "output"]);
  expect(microBatch.sequences).toBe(16);
  for (const { name, forward, parameterBytes } of units) {
    expect(out).toContain(name);
    expect(forward).toBeGreaterThan(0);
    expect(parameterBytes % 4).toBe(0);
  }
  const planned = await place.decade("plan", file, "--devices", "2", "--json");
  expect(lastLine(planned.out)).toMatchObject({ devices: 2 });
  const dry = await place.decade("train", place.path("toy.json"), "--dry-run", "--processes", "2", "--set", "parallel.stages=2", "--set", `parallel.costs=${JSON.stringify(file)}`, "--json");
  expect(lastLine(dry.out)).toMatchObject({ devices: [{ stages: [0] }, { stages: [1] }] });
});

test("a file that could not be written is refused before anything is measured or planned", async () => {
  const file = "/dev/null/costs.json";
  for (const args of [["profile", place.path("toy.json"), "--output", file], ["plan", place.path("toy.json"), "--devices", "2", "--svg", file]]) {
    const { code, err } = await place.decade(...args);
    expect(code).toBe(1);
    expect(err).toContain(`${file} cannot be written in /dev/null`);
    expect(err).not.toContain("measuring");
  }
});

test("devices that share a machine are measured beside each other", async () => {
  const { code, out, err } = await place.start("profile", place.path("toy.json"), "--rounds", "2", "--devices", "2", "--json").ended;
  expect(code, err).toBe(0);
  const profile = lastLine(out) as { contention: number; units: { forward: number }[] };
  expect(profile.contention).toBeGreaterThanOrEqual(0);
  expect(profile.units.every(({ forward }) => forward > 0)).toBe(true);
});
