import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveRun, type RunConfig, type RunInput } from "../../train/config/config.ts";
import { resolveTextRun, type TextRunConfig } from "../../train/config/text.ts";
import type { ToyFolder } from "../../train/fixtures/toy-run.ts";
import { openTraining } from "../../train/open-training.ts";
import { expectSame, lossesOf, toyTeamFolder, trainer, trainTogether } from "../fixtures/toy-team.ts";
import { dryRun } from "./dry-run.ts";

type Parallel = RunInput["parallel"];

let folder: ToyFolder;
beforeAll(async () => {
  folder = await toyTeamFolder();
  await writeFile(join(folder.path, "costs.json"), JSON.stringify(costlyOutput));
});
afterAll(() => folder.remove());

/** Of an encoder-decoder whose output takes so long that each shard has as many words. */
const costlyOutput = {
  description: "made up", device: { name: "none" }, microBatch: { sequences: 4, tokens: 40 }, link: { bandwidth: 1e9, latency: 1e-5 },
  units: ["sourceEmbedding", "encoder.0", "encoder.1", "targetEmbedding", "decoder.0", "decoder.1", "attention", "output"].map((name) => {
    const seconds = name === "output" ? 1000 : 1;
    return { name, forward: seconds, inputGradient: seconds, weightGradient: seconds, update: 0, parameterBytes: 4, activationBytes: 4, outputBytes: 4, vocabulary: name === "output" };
  }),
};

const shared = { accumulate: 4, clipNorm: 0.5, logEvery: 1, mfu: false, validateEvery: { steps: 25 }, checkpointEvery: { steps: 50 }, keepLast: 100 } as const;

/** An encoder-decoder of 9 words with bias, smoothing and dropout. */
function pairs(name: string, parallel: Parallel, training: object = {}, model: object = {}): RunConfig {
  const config = folder.config(name, { steps: 50, batch: { sentences: 2 }, labelSmoothing: 0.1, optimizer: { kind: "adam", learningRate: 3e-3 }, ...shared, ...training },
    { model: { layers: 2, dropout: 0.2, ...model } });
  return resolveRun({ ...config, parallel: { ...parallel, checkEvery: 10 } });
}

/** A language model with an output weight of its own, and log²Z beside its loss. */
function text(name: string, parallel: Parallel, training: object = {}, model: object = {}): TextRunConfig {
  return resolveTextRun({
    name, directory: folder.path, data: { kind: "text", files: [join(folder.path, "text.txt")] }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 2, dimension: 12, heads: 2, feedForward: 24, context: 16, dropout: 0.1, tiedEmbeddings: false, ...model },
    training: { steps: 50, batch: { sequences: 2 }, zLoss: 1e-2, optimizer: { kind: "adamw", learningRate: 3e-3 }, validationBatches: 3, ...shared, ...training },
    engine: { kind: "onnx", threads: 1 }, parallel: { ...parallel, checkEvery: 10 },
  });
}

const layouts: [number, Parallel][] = [
  [2, { vocabulary: 2, schedule: "gpipe" }], [3, { vocabulary: 3 }],
  [3, { stages: 2, vocabulary: 2, schedule: "zb-h1" }], [6, { stages: 2, vocabulary: 2, schedule: "1f1b", bucketMiB: 1e-4 }],
];

describe.each([["LSTM encoder-decoder", "lstm", pairs], ["GPT", "gpt", text]] as const)("%s", (_name, prefix, configOf) => {
  beforeAll(async () => { await trainer(configOf(`${prefix}-alone`, {}), {}); }, 60_000);

  test.each(layouts)("%i ranks as %j: losses of one over 50 steps", async (ranks, parallel) => {
    const name = `${prefix}-${ranks}-${Object.values(parallel ?? {}).join("-")}`;
    await trainTogether(configOf(name, parallel), ranks);
    expectSame(await lossesOf(folder, name), await lossesOf(folder, `${prefix}-alone`));
  }, 60_000);

  test("a checkpoint goes on under any other layout", async () => {
    const name = `${prefix}-moved`;
    const lives: [number, Parallel, number][] = [[3, { vocabulary: 3 }, 10], [1, {}, 20], [6, { stages: 2, vocabulary: 2, schedule: "zb-h1" }, 30], [2, { stages: 2 }, 40]];
    for (const [ranks, parallel, steps] of lives) {
      const config = configOf(name, parallel, { steps, schedule: { kind: "constant" } });
      if (ranks === 1) await trainer(config, { resume: true });
      else await trainTogether(config, ranks, { resume: true });
    }
    expectSame((await lossesOf(folder, name)).slice(0, 40), (await lossesOf(folder, `${prefix}-alone`)).slice(0, 40));
  }, 60_000);
});

test.each([
  ["averaged weights", { average: { decay: 0.9 } }],
  ["Muon", { optimizer: { kind: "muon", learningRate: 0.01 } }],
] as const)("%s, the vocabulary cut evenly, are those of one process", async (name, training) => {
  const [alone, together] = [`alone ${name}`, `together ${name}`].map((run) => run.replaceAll(" ", "-"));
  const options = { ...training, steps: 20 };
  await trainer(pairs(alone ?? "", {}, options), {});
  await trainTogether(pairs(together ?? "", { vocabulary: 2, costs: join(folder.path, "costs.json") }, options), 4);
  expectSame(await lossesOf(folder, together ?? ""), await lossesOf(folder, alone ?? ""));
}, 60_000);

describe.each([
  ["GPT whose output weight is its embedding", "tied-gpt", text, { tiedEmbeddings: true }],
  ["encoder-decoder with one weight for output and both embeddings", "tied-lstm", pairs, { tiedEmbeddings: "all", embedding: 12 }],
] as const)("%s", (_name, prefix, configOf, model) => {
  beforeAll(async () => { await trainer(configOf(`${prefix}-alone`, {}, {}, model), {}); }, 60_000);

  test.each([layouts[0], layouts[3]].filter((layout) => layout !== undefined))("%i ranks as %j: losses of one over 50 steps", async (ranks, parallel) => {
    const name = `${prefix}-${ranks}-${Object.values(parallel ?? {}).join("-")}`;
    await trainTogether(configOf(name, parallel, {}, model), ranks);
    expectSame(await lossesOf(folder, name), await lossesOf(folder, `${prefix}-alone`));
  }, 60_000);

  test("a checkpoint goes on under any other layout", async () => {
    const lives: [number, Parallel, number][] = [[3, { vocabulary: 3 }, 5], [1, {}, 10], [3, { stages: 2, vocabulary: 2 }, 15]];
    for (const [ranks, parallel, steps] of lives) {
      const config = configOf(`${prefix}-moved`, parallel, { steps, schedule: { kind: "constant" } }, model);
      if (ranks === 1) await trainer(config, { resume: true });
      else await trainTogether(config, ranks, { resume: true });
    }
    expectSame((await lossesOf(folder, `${prefix}-moved`)).slice(0, 15), (await lossesOf(folder, `${prefix}-alone`)).slice(0, 15));
  }, 60_000);
});

test.each([
  [3, pairs, { vocabulary: 2 }, {}, /3 processes are no multiple of 2, parallel\.stages 1 and parallel\.vocabulary 2 less one that does both/],
  [3, pairs, { stages: 2, vocabulary: 2, schedule: "zb-v" }, {}, /with parallel\.vocabulary 2, set parallel\.schedule to none, gpipe, 1f1b, zb-h1 or wavefront-2014 instead of zb-v/],
  [20, pairs, { vocabulary: 20 }, {}, /\d+ words cannot be shared by 20 processes; lower parallel\.vocabulary/],
  [9, pairs, { stages: 8, vocabulary: 2 }, {}, /The model has 7 parts that are not cut \(.*\), too few for 8 stages/],
] as const)("%i ranks are refused with a sentence", async (ranks, configOf, parallel, model, message) => {
  const config = configOf(`refused-${ranks}`, parallel, { steps: 1, accumulate: ranks === 20 ? 20 : 8 }, model);
  await expect(trainTogether(config, ranks)).rejects.toThrow(message);
});

test("a dry run lays shards out: everything lies somewhere once", async () => {
  const config = pairs("dry", { stages: 2, vocabulary: 3 });
  const { task, batches } = await openTraining(config);
  const { accumulate, optimizer } = config.training;
  const planned = await dryRun(task, { processes: 8, accumulate, parallel: config.parallel, optimizer, averages: false, sample: await batches.batch(0, 0) });
  expect(planned.devices.map(({ stages, layers }) => [stages, layers.includes("output")])).toEqual([[[0], false], [[1], true], [[], true], [[], true]]);
  expect(planned.devices.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(task.model.parameters().reduce((sum, { size }) => sum + size, 0));
  for (const { activationBytes } of planned.devices) expect(activationBytes).toBeGreaterThan(0);
});
