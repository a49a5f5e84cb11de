/** `npm run bench -- NAME [--json]`: measures one thing and prints it. */
import { gptDecode } from "./gpt-decode.ts";
import { graphCompile } from "./graph-compile.ts";
import { lstmDecode } from "./lstm-decode.ts";
import { lstmTrain } from "./lstm-train.ts";

const SMALL_GPT = { layers: 6, dimension: 384, heads: 6, context: 256, prompt: 16, newTokens: 200 };

const BENCHMARKS = {
  "lstm-train": { run: () => lstmTrain({ layers: 4, hidden: 512, batch: 64, time: 30, vocabulary: 10_000 }) },
  "lstm-train-small": { run: () => lstmTrain({ layers: 1, hidden: 128, batch: 32, time: 30, vocabulary: 1_000 }) },
  "lstm-decode": { run: () => lstmDecode() },
  "gpt-decode": { run: () => gptDecode({ ...SMALL_GPT, vocabulary: 8_000 }) },
  "gpt-decode-wide": { run: () => gptDecode({ ...SMALL_GPT, vocabulary: 50_257 }) },
  "graph-compile": { run: () => graphCompile() },
} as const satisfies Record<string, { run: () => Promise<object> }>;

function isBenchmark(name: string | undefined): name is keyof typeof BENCHMARKS {
  return name !== undefined && Object.hasOwn(BENCHMARKS, name);
}

const [name] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (!isBenchmark(name)) {
  console.error(`Usage: npm run bench -- NAME [--json], where NAME is one of ${Object.keys(BENCHMARKS).join(", ")}; received ${name ?? "nothing"}.`);
  process.exit(2);
}
const result = await BENCHMARKS[name].run();
console.log(process.argv.includes("--json") ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
