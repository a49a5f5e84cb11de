/**
 * `npm run bench -- NAME [--json] [--threads N]`: measures one thing and prints it. Trainings take `--threads`: how many
 * threads compute, all cores by default; with one, the engine and its peers are measured in processor time.
 */
import { parseArgs } from "node:util";
import { canaries } from "./canaries.ts";
import { contamination } from "./contamination.ts";
import { gptDecode } from "./gpt-decode.ts";
import { gptTrain } from "./gpt-train.ts";
import { graphCompile } from "./graph-compile.ts";
import { lstmDecode } from "./lstm-decode.ts";
import { lstmTrain } from "./lstm-train.ts";
import { think } from "./think.ts";
import { transport } from "./transport.ts";
import { parallel } from "./parallel.ts";
import { scalingFit } from "./scaling-fit.ts";
import { shakespeare } from "./shakespeare.ts";
import { transformerTrain } from "./transformer-train.ts";

const SMALL_GPT = { layers: 6, dimension: 384, heads: 6, context: 256, prompt: 16, newTokens: 200 };

const BENCHMARKS = {
  "lstm-train": { run: (threads) => lstmTrain({ layers: 4, hidden: 512, batch: 64, time: 30, vocabulary: 10_000 }, threads) },
  "lstm-train-small": { run: (threads) => lstmTrain({ layers: 1, hidden: 128, batch: 32, time: 30, vocabulary: 1_000 }, threads) },
  "gpt-train": { run: (threads) => gptTrain({ layers: 6, dimension: 384, heads: 6, context: 256, batch: 8, vocabulary: 8_000 }, threads) },
  // nanoGPT's configuration for the CPU (train_shakespeare_char)
  "gpt-train-small": { run: (threads) => gptTrain({ layers: 4, dimension: 128, heads: 4, context: 64, batch: 12, vocabulary: 65 }, threads) },
  "shakespeare": { run: (threads) => shakespeare(threads) },
  "transformer-train": { run: (threads) => transformerTrain({ layers: 4, dimension: 256, heads: 4, batch: 64, time: 25, vocabulary: 8_000 }, threads) },
  "lstm-decode": { run: () => lstmDecode() },
  "gpt-decode": { run: () => gptDecode({ ...SMALL_GPT, vocabulary: 8_000 }) },
  "gpt-decode-wide": { run: () => gptDecode({ ...SMALL_GPT, vocabulary: 50_257 }) },
  "think": { run: (threads) => think(threads) },
  "transport": { run: () => transport() },
  "parallel": { run: () => parallel() },
  "scaling-fit": { run: () => scalingFit() },
  "contamination": { run: () => contamination({ gigabytes: 1, pairs: 2000 }) },
  "contamination-small": { run: () => contamination({ gigabytes: 0.02, pairs: 500 }) },
  "canaries": { run: () => canaries({ seeds: 20 }) },
  "graph-compile": { run: () => graphCompile() },
} as const satisfies Record<string, { run: (threads?: number) => Promise<object> }>;

function isBenchmark(name: string | undefined): name is keyof typeof BENCHMARKS {
  return name !== undefined && Object.hasOwn(BENCHMARKS, name);
}

const { values: { json, threads }, positionals: [name] } = parseArgs({
  allowPositionals: true, options: { json: { type: "boolean", default: false }, threads: { type: "string" } },
});
if (!isBenchmark(name)) {
  console.error(`Usage: npm run bench -- NAME [--json] [--threads N], where NAME is one of ${Object.keys(BENCHMARKS).join(", ")}; received ${name ?? "nothing"}.`);
  process.exit(2);
}
const { run } = BENCHMARKS[name];
const count = threads === undefined ? undefined : Number(threads);
if (count !== undefined && (run.length === 0 || !Number.isInteger(count) || count < 1)) {
  console.error(`--threads ${threads} says nothing to ${name}; ${run.length === 0 ? "leave it out" : "give a whole number from 1"}.`);
  process.exit(2);
}
const result = await run(count);
console.log(json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
