import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pretrain } from "../../train/pretrain.ts";
import type { TextRunInput } from "../../train/config/text.ts";
import { planSweep } from "./design.ts";
import { makeSweepPlace, type SweepPlace } from "./fixtures/sweep-folder.ts";
import { loadSweep } from "./load-sweep.ts";

const model = { kind: "gpt", context: 16, layers: 1, dimension: 16, heads: 2 } as const;

let place: SweepPlace;
beforeAll(async () => {
  place = await makeSweepPlace();
  const first: TextRunInput = {
    name: "first", directory: place.folder, data: { kind: "text", files: [place.text] }, tokenizer: { kind: "character" }, model,
    training: { steps: 1, batch: { sequences: 2 }, optimizer: { kind: "adamw" }, mfu: false },
  };
  await pretrain(first);
}, 60_000);
afterAll(() => place.remove());

/** A sweep's file of one training that begins from the run beside it, and has no tokenizer of its own. */
async function written(set: Readonly<Record<string, unknown>>): Promise<string> {
  const file = join(place.folder, "second.json");
  const base = { data: { kind: "text", files: ["text.txt"], validation: 0.1 }, model, from: { run: "first", checkpoint: "latest" }, training: { batch: { sequences: 2 }, optimizer: { kind: "adamw" } } };
  await writeFile(file, JSON.stringify({ name: "second", directory: join(place.folder, "runs"), base, design: { kind: "list", trainings: [{ name: "a", set }] } }));
  return file;
}

describe("a sweep of trainings that begin from a run", () => {
  it("finds it beside its file, and cuts text as it does", async () => {
    const [planned] = await planSweep(await loadSweep(await written({ "training.steps": 5 })));
    expect(planned?.config).toMatchObject({ from: { run: join(place.folder, "first") }, data: { files: [place.text] } });
    expect(planned?.size).toMatchObject({ steps: 5, tokens: 5 * 2 * 16 });
  });

  it("is refused where a training's network is another", async () => {
    await expect(planSweep(await loadSweep(await written({ "training.steps": 5, "model.layers": 2 })))).rejects.toThrow(/model\.layers is 2, but 1 in the run/);
  });
});
