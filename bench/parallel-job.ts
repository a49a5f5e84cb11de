/**
 * What `npm run bench -- parallel` runs on one process or several, of which the first prints: `MODEL profile`, what each part
 * takes; `MODEL link`, how messages pass between two; `MODEL FLAGS`, what optimiser steps take under these fields of `parallel`.
 */
import { onnx } from "../src/engines/onnx/engine.ts";
import { measureUnits } from "../src/parallel/cut/measure-units.ts";
import { teamOf } from "../src/parallel/execution/team.ts";
import { startedJob } from "../src/parallel/transports/job.ts";
import type { Transport } from "../src/parallel/transport.ts";
import { openTransport } from "../src/parallel/transports/open-transport.ts";
import { parallelSchema } from "../src/train/config/parallel.ts";
import { ALONE } from "../src/train/team.ts";
import { parallelModel, type ModelName } from "./parallel-models.ts";
import { median, processorTime } from "./timing.ts";

const STEPS = 3;
/** Messages of this size, as gradients are, pass both ways at once. */
const LONG = 2 ** 24;
const MESSAGES = 15;

const [name, what = "{}"] = process.argv.slice(2);
const { task, batch: batchOf, microBatches } = parallelModel(name as ModelName);
const sample = batchOf(0);
const engine = onnx({ threads: 1 });
const optimizer = { kind: "adamw", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

if (what === "profile") {
  const units = await measureUnits(engine, task, sample, { optimizer, averages: false, rounds: 9, clock: processorTime });
  const { sequences, tokens } = sample;
  if ((startedJob()?.rank ?? 0) === 0) console.log(JSON.stringify({ units, microBatch: { sequences, tokens } }));
} else if (what === "link") {
  const transport = await openTransport();
  if (transport === undefined) throw new Error("A link has two ends; start two processes.");
  const [long, short] = [await exchangeSeconds(transport, LONG), await exchangeSeconds(transport, 8)];
  if (transport.rank === 0) console.log(JSON.stringify({ bandwidth: LONG / (long - short), latency: short }));
  await transport.close();
} else {
  const transport = await openTransport();
  const team = transport === undefined ? ALONE : await teamOf(transport);
  const programs = await team.compile(engine, task, {
    optimizer, averages: false, accumulate: microBatches, sample, parallel: parallelSchema.parse(JSON.parse(what)),
  });
  const times: number[] = [];
  const computed: number[] = [];
  for (let step = 0; step <= STEPS; step++) {
    const [started, clock] = [performance.now(), processorTime()];
    await programs.gradient(Array.from({ length: microBatches }, (_, at) => ({ batch: batchOf(at), seed: at })));
    await programs.apply(1 / (microBatches * sample.targetTokens), 1e-4);
    if (step === 0) continue;
    times.push((performance.now() - started) / 1000);
    computed.push((processorTime() - clock) / 1000);
  }
  if (team.leads) console.log(JSON.stringify({ seconds: median(times), processorSeconds: median(computed) }));
  await transport?.close();
}

/** Seconds in which two ranks send each other so many bytes. */
async function exchangeSeconds(transport: Transport, bytes: number): Promise<number> {
  const [sent, received] = [new Uint8Array(bytes).fill(1), new Uint8Array(bytes)];
  const other = 1 - transport.rank;
  const times: number[] = [];
  for (let message = -2; message < MESSAGES; message++) { // the first warm up
    const started = performance.now();
    await Promise.all([transport.send(other, 1, sent), transport.receive(other, 1, received)]);
    if (message >= 0) times.push((performance.now() - started) / 1000);
  }
  return median(times);
}
