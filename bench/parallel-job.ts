/** What `npm run bench -- parallel` runs on one process or several: optimiser steps of a GPT; the first rank prints what they take. */
import { onnx } from "../src/engines/onnx/engine.ts";
import { Gpt } from "../src/models/gpt.ts";
import { measureUnits } from "../src/parallel/cut/measure-units.ts";
import { teamOf } from "../src/parallel/execution/team.ts";
import { openTransport } from "../src/parallel/transports/open-transport.ts";
import { parallelSchema } from "../src/train/config-parallel.ts";
import { ALONE } from "../src/train/team.ts";
import { textTask } from "../src/train/text-task.ts";
import type { TrainingBatch } from "../src/train/training-task.ts";
import { gptOptions } from "./gpt-train.ts";
import { median, processorTime } from "./timing.ts";
import { tokenIds } from "./training-step.ts";

/** The GPT of `gpt-train`, its output apart from its embedding, in micro-batches of two rows. */
const SIZE = { layers: 6, dimension: 384, heads: 6, context: 256, vocabulary: 8_000 };
const [MICRO_BATCHES, ROWS, STEPS] = [8, 2, 3];

const { context, vocabulary } = SIZE;
const task = textTask(new Gpt({ ...gptOptions(SIZE), tiedEmbeddings: false }).seed(1), {
  labelSmoothing: 0, zLoss: 0, window: context, carriedRows: undefined, separateDocuments: false,
});
const batchOf = (number: number): TrainingBatch => ({
  feeds: {
    tokens: tokenIds(ROWS, context, vocabulary, 7919 + number), targets: tokenIds(ROWS, context, vocabulary, 104_729 + number),
    judged: { data: new Int32Array(ROWS * context).fill(1), shape: [ROWS, context] },
  },
  tokens: ROWS * context, targetTokens: ROWS * context, sequences: ROWS,
});
const engine = onnx({ threads: 1 });
const optimizer = { kind: "adamw", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

if (process.argv[2] === "profile") {
  const units = await measureUnits(engine, task, batchOf(0), { optimizer, averages: false, rounds: 9, clock: processorTime });
  console.log(JSON.stringify({ units, microBatch: { sequences: ROWS, tokens: ROWS * context } }));
} else {
  const transport = await openTransport();
  const team = transport === undefined ? ALONE : await teamOf(transport);
  const programs = await team.compile(engine, task, {
    optimizer, averages: false, accumulate: MICRO_BATCHES, sample: batchOf(0), parallel: parallelSchema.parse(JSON.parse(process.argv[2] ?? "{}")),
  });
  const times: number[] = [];
  const computed: number[] = [];
  for (let step = 0; step <= STEPS; step++) {
    const [started, clock] = [performance.now(), processorTime()];
    await programs.gradient(Array.from({ length: MICRO_BATCHES }, (_, at) => ({ batch: batchOf(at), seed: at })));
    await programs.apply(1 / (MICRO_BATCHES * ROWS * context), 1e-4);
    if (step === 0) continue;
    times.push((performance.now() - started) / 1000);
    computed.push((processorTime() - clock) / 1000);
  }
  if (team.leads) console.log(JSON.stringify({ seconds: median(times), processorSeconds: median(computed) }));
  await transport?.close();
}
