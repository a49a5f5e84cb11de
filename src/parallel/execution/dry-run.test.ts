import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveRun } from "../../train/config/config.ts";
import { ToyFolder, toyPairs } from "../../train/fixtures/toy-run.ts";
import { openTraining } from "../../train/open-training.ts";
import { dryRun } from "./dry-run.ts";

let folder: ToyFolder;
beforeAll(async () => {
  folder = await ToyFolder.create();
  for (const name of ["train.tsv", "validation.tsv"]) await folder.writePairs(name, toyPairs(40, [3, 8]));
});
afterAll(() => folder.remove());

test("128 processes are laid out in one: everything lies somewhere once, the optimiser's state in pieces", async () => {
  const config = resolveRun({ ...folder.config("dry", { accumulate: 128 }), parallel: { stages: 4 } });
  const { task, batches } = await openTraining(config);
  const { accumulate, optimizer } = config.training;
  const planned = await dryRun(task, { processes: 128, accumulate, parallel: config.parallel, optimizer, averages: false, sample: await batches.batch(0, 0) });
  expect(planned).toMatchObject({ replicas: 32, batchesPerReplica: 4, schedule: "1f1b", bubble: 3 / 4 });
  expect(planned.devices.map(({ stages }) => stages)).toEqual([[0], [1], [2], [3]]);
  const all = task.model.parameters().reduce((sum, { size }) => sum + size, 0);
  expect(planned.devices.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(all);
  for (const { parameters, weightBytes, activationBytes } of planned.devices) {
    const piece = (weightBytes / 4 - 2 * parameters) / 4; // two moments, and a piece of weights and gradients
    expect(piece).toBeGreaterThanOrEqual(parameters / 32);
    expect(piece).toBeLessThan(parameters / 32 + 60); // pieces end between rows
    expect(activationBytes).toBeGreaterThan(0);
  }
});
