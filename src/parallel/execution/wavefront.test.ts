import { fc, it } from "@fast-check/vitest";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveRun, type RunConfig, type RunInput } from "../../train/config/config.ts";
import { resolveTextRun } from "../../train/config/text.ts";
import type { ToyFolder } from "../../train/fixtures/toy-run.ts";
import { openTraining } from "../../train/open-training.ts";
import { expectSame, lossesOf, toyTeamFolder, trainer, trainTogether } from "../fixtures/toy-team.ts";
import { dryRun } from "./dry-run.ts";
import { cutTime } from "./time-pieces.ts";

type Parallel = RunInput["parallel"];

let folder: ToyFolder;
beforeAll(async () => { folder = await toyTeamFolder(); });
afterAll(() => folder.remove());

/** An encoder-decoder as of 2014, whose batches have sequences of unequal length; with dropout. */
function pairs(name: string, parallel: Parallel, training: object = {}, model: object = {}): RunConfig {
  const config = folder.config(name, {
    steps: 50, batch: { sentences: 4 }, accumulate: 2, clipNorm: 0.5, logEvery: 1, mfu: false, validateEvery: { steps: 25 }, checkpointEvery: { steps: 50 }, keepLast: 100,
    labelSmoothing: 0.1, optimizer: { kind: "adam", learningRate: 3e-3 }, ...training,
  }, { model: { layers: 3, dropout: 0.2, bidirectional: false, attention: "none", ...model } });
  return resolveRun({ ...config, parallel: { ...parallel, checkEvery: 10 } });
}

const wave = { schedule: "wavefront-2014" } as const;
const layouts: [number, NonNullable<Parallel>][] = [
  [2, { stages: 2, chunks: 5 }], [3, { stages: 3, chunks: 9 }], [4, { stages: 2, chunks: 2 }],
  [2, { vocabulary: 2, chunks: 4 }], [4, { stages: 3, vocabulary: 2, chunks: 6 }],
];

describe("LSTM encoder-decoder of 2014", () => {
  beforeAll(async () => { await trainer(pairs("alone", {}), {}); }, 60_000);

  test.each(layouts)("%i ranks as %j: losses of one over 50 steps", async (ranks, parallel) => {
    const name = `${ranks}-${Object.values(parallel).join("-")}`;
    await trainTogether(pairs(name, { ...parallel, ...wave }), ranks);
    expectSame(await lossesOf(folder, name), await lossesOf(folder, "alone"));
  }, 60_000);

  test("a checkpoint goes on under any other layout", async () => {
    const lives: [number, Parallel, number][] = [[2, { stages: 2, chunks: 4, ...wave }, 10], [1, {}, 20], [4, { stages: 3, vocabulary: 2, chunks: 6, ...wave }, 30], [2, { stages: 2 }, 40]];
    for (const [ranks, parallel, steps] of lives) {
      const config = pairs("moved", parallel, { steps, schedule: { kind: "constant" } });
      if (ranks === 1) await trainer(config, { resume: true });
      else await trainTogether(config, ranks, { resume: true });
    }
    expectSame((await lossesOf(folder, "moved")).slice(0, 40), (await lossesOf(folder, "alone")).slice(0, 40));
  }, 60_000);
});

test("a layer of the source lies with the target's that begins from its state", async () => {
  const config = pairs("dry", { stages: 3, vocabulary: 2, chunks: 6, ...wave });
  const { task, batches } = await openTraining(config);
  const { accumulate, optimizer } = config.training;
  const { devices } = await dryRun(task, { processes: 4, accumulate, parallel: config.parallel, optimizer, averages: false, sample: await batches.batch(0, 0) });
  expect(devices.map(({ layers }) => [...layers].sort())).toEqual([
    ["decoder.0", "encoder.0", "sourceEmbedding", "targetEmbedding"], ["decoder.1", "encoder.1"], ["decoder.2", "encoder.2", "output"], ["output"]]);
});

it.prop([fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 80 })])(
  "pieces follow each other without gaps, none is empty, and they are as many as are asked for where time allows", (lengths, count) => {
    const pieces = cutTime(lengths, count);
    lengths.forEach((length, phase) => {
      let at = 0;
      for (const piece of pieces.filter((each) => each.phase === phase)) {
        expect(piece).toMatchObject({ isFirst: at === 0, before: at, after: length - at - piece.length });
        expect(piece.length).toBeGreaterThan(0);
        at += piece.length;
      }
      expect(at).toBe(length);
    });
    if (count >= lengths.length * 2 && count * 2 <= Math.min(...lengths)) expect(pieces).toHaveLength(count);
  });

test.each([
  [{ bidirectional: true }, /encoder\.0.* reads from the end\. A wavefront needs a recurrent model that reads in one direction and attends to nothing/],
  [{ attention: "general" }, /attention \(matmul\) relates positions in time to each other: \[batch, targetTime, sourceTime\]/],
] as const)("a model with %j is refused with a sentence", async (model, message) => {
  await expect(trainTogether(pairs(`refused-${Object.keys(model).join()}`, { stages: 2, ...wave }, { steps: 1 }, model), 2)).rejects.toThrow(message);
});

test("a model without recurrence is refused with a sentence", async () => {
  const config = resolveTextRun({
    name: "refused-gpt", directory: folder.path, data: { kind: "text", files: [join(folder.path, "text.txt")] }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 2, dimension: 12, heads: 2, feedForward: 24, context: 16, tiedEmbeddings: false },
    training: { steps: 1, batch: { sequences: 2 }, optimizer: { kind: "adamw", learningRate: 3e-3 } },
    engine: { kind: "onnx", threads: 1 }, parallel: { stages: 2, ...wave },
  });
  await expect(trainTogether(config, 2)).rejects.toThrow(/The model has no loop over time, which a wavefront runs along/);
});
