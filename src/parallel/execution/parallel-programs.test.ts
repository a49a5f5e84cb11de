import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveRun, type RunConfig, type RunInput } from "../../train/config/config.ts";
import { resolveTextRun, type TextRunConfig } from "../../train/config/text.ts";
import type { ToyFolder } from "../../train/fixtures/toy-run.ts";
import { openTraining } from "../../train/open-training.ts";
import { train } from "../../train/train.ts";
import { expectSame, lossesOf, toyTeamFolder, trainer, trainTogether } from "../fixtures/toy-team.ts";
import { inProcessTransports } from "../transports/in-process.ts";
import { dryRun } from "./dry-run.ts";
import { teamOf } from "./team.ts";

type Parallel = RunInput["parallel"];

let folder: ToyFolder;
beforeAll(async () => {
  folder = await toyTeamFolder();
});
afterAll(() => folder.remove());

const shared = { accumulate: 8, clipNorm: 0.5, logEvery: 1, mfu: false, validateEvery: { steps: 20 }, checkpointEvery: { steps: 10 }, keepLast: 100 } as const;

/** An encoder-decoder with dropout. */
function pairs(name: string, parallel: Parallel, training: object = {}): RunConfig {
  const config = folder.config(name, { steps: 50, batch: { sentences: 4 }, optimizer: { kind: "adam", learningRate: 3e-3 }, ...shared, ...training },
    { model: { layers: 2, dropout: 0.2 } });
  return resolveRun({ ...config, parallel: { ...parallel, checkEvery: 10 } });
}

/** A language model whose output is its embedding, so that the first and the last stage share a weight. */
function text(name: string, parallel: Parallel, training: object = {}): TextRunConfig {
  return resolveTextRun({
    name, directory: folder.path, data: { kind: "text", files: [join(folder.path, "text.txt")] }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 2, dimension: 12, heads: 2, feedForward: 24, context: 16, dropout: 0.1 },
    training: { steps: 50, batch: { sequences: 2 }, optimizer: { kind: "adamw", learningRate: 3e-3 }, validationBatches: 3, ...shared, ...training },
    engine: { kind: "onnx", threads: 1 }, parallel: { ...parallel, checkEvery: 10 },
  });
}

const layouts: [number, Parallel][] = [
  [2, {}], [8, {}],
  [2, { stages: 2, schedule: "none" }], [2, { stages: 2, schedule: "gpipe" }], [4, { stages: 4, schedule: "1f1b" }],
  [2, { stages: 2, schedule: "interleaved-1f1b" }], [3, { stages: 3, schedule: "zb-h1" }], [2, { stages: 2, schedule: "zb-v" }],
  [4, { stages: 2, schedule: "zb-h1" }], [8, { stages: 4, schedule: "1f1b" }],
  [2, { bucketMiB: 1e-4 }], [4, { stages: 2, schedule: "zb-h1", bucketMiB: 2e-3 }],
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
    const lives: [number, Parallel, number][] = [[4, { stages: 2 }, 10], [1, {}, 20], [2, {}, 30], [3, { stages: 3, schedule: "zb-h1" }, 40], [2, { stages: 2, schedule: "zb-v" }, 50]];
    for (const [ranks, parallel, steps] of lives) {
      const config = configOf(name, parallel, { steps, schedule: { kind: "constant" } });
      if (ranks === 1) await trainer(config, { resume: true });
      else await trainTogether(config, ranks, { resume: true });
    }
    expectSame((await lossesOf(folder, name)).slice(0, 50), (await lossesOf(folder, `${prefix}-alone`)).slice(0, 50));
  }, 60_000);
});

test.each([
  ["averaged weights", { average: { decay: 0.9 } }],
  ["Muon", { optimizer: { kind: "muon", learningRate: 0.01 } }],
  ["momentum", { optimizer: { kind: "sgd", learningRate: 0.3, momentum: 0.9 } }],
] as const)("%s over two replicas of two stages are those of one process", async (name, training) => {
  const options = { ...training, steps: 20 };
  await trainer(pairs(`alone ${name}`.replaceAll(" ", "-"), {}, options), {});
  await trainTogether(pairs(`four ${name}`.replaceAll(" ", "-"), { stages: 2, bucketMiB: 1e-3 }, options), 4);
  expectSame(await lossesOf(folder, `four ${name}`.replaceAll(" ", "-")), await lossesOf(folder, `alone ${name}`.replaceAll(" ", "-")));
}, 60_000);

test("a rank that is asked to stop stops all, after a checkpoint", async () => {
  const config = pairs("stopped", { stages: 2 });
  const asked = new AbortController();
  const reasons = await Promise.all(inProcessTransports(2).map(async (transport) => {
    const { reason, step } = await train(config, {
      team: await teamOf(transport),
      ...(transport.rank === 0 ? { onEvent: (event) => { if (event.kind === "progress" && event.step === 7) asked.abort(); } } : { signal: asked.signal }),
    });
    await transport.close();
    return { reason, step };
  }));
  expect(reasons).toEqual([{ reason: "interrupted", step: 7 }, { reason: "interrupted", step: 7 }]);
});

test.each([
  [3, { stages: 2 }, /3 processes are no multiple of parallel\.stages 2/],
  [3, {}, /8 batches of a step cannot be shared out evenly among 3 replicas: set training\.accumulate to a multiple of 3/],
  [9, { stages: 9 }, /The model has 8 parts that are not cut \(.*\), too few for 9 stages/],
] as const)("%i ranks as %j are refused with a sentence", async (ranks, parallel, message) => {
  await expect(trainTogether(pairs(`refused-${ranks}`, parallel, { steps: 1 }), ranks)).rejects.toThrow(message);
});

test("a model that carries its state from batch to batch is refused with a sentence", async () => {
  const { tokenizer, data, directory } = text("carried", {});
  const config = resolveTextRun({
    name: "carried", directory, data, tokenizer, model: { kind: "lstm-lm", layers: 1, hidden: 8 },
    training: { steps: 1, accumulate: 2, window: 8, batch: { sequences: 2 } }, engine: { kind: "onnx", threads: 1 },
  });
  const sentence = /carries its state from batch to batch, .* train with one process, or set training\.order to "shuffled"/;
  await expect(trainTogether(config, 2)).rejects.toThrow(sentence);
  const { task, batches } = await openTraining(config);
  const { parallel, training: { accumulate, optimizer } } = config;
  const planned = async (processes: number) => dryRun(task, { processes, accumulate, parallel, optimizer, averages: false, sample: await batches.batch(0, 0) });
  await expect(planned(2)).rejects.toThrow(sentence);
  expect((await planned(1)).replicas).toBe(1);
});

test("a rank that was started with another configuration is named", async () => {
  const configs = [pairs("mismatch", {}), pairs("mismatch", {}, { clipNorm: 3 })];
  const ends = await Promise.allSettled(inProcessTransports(2).map(async (transport) => train(configs[transport.rank] ?? {} as RunConfig, { team: await teamOf(transport) })));
  for (const end of ends) expect(end).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/Rank 1 was started with another configuration or version than rank 0/) as string } });
});
