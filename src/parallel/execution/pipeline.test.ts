import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { onnx } from "../../engines/onnx/engine.ts";
import { Gpt } from "../../models/gpt.ts";
import { parallelSchema } from "../../train/config/parallel.ts";
import { textTask } from "../../train/text-task.ts";
import type { TrainingBatch } from "../../train/training-task.ts";
import { StageProgram } from "../cut/stage-program.ts";
import type { Transport } from "../transport.ts";
import { runRanks } from "../transports/in-process.ts";
import { layoutOf } from "./layout.ts";
import { cutModel } from "./model-cut.ts";
import { Pipeline } from "./pipeline.ts";

const [rows, window, dimension] = [16, 64, 64];
const task = textTask(new Gpt({
  vocabulary: 13, context: window, layers: 2, dimension, heads: 2, keyValueHeads: 2, feedForward: dimension, activation: "gelu", normalization: "layer",
  epsilon: 1e-5, positions: "learned", rotaryBase: 1e4, dropout: 0, bias: true, tiedEmbeddings: false,
}).seed(3), { labelSmoothing: 0, zLoss: 0, window, carriedRows: undefined, separateDocuments: false });
const ones = { data: new Int32Array(rows * window).fill(1), shape: [rows, window] };
const batch: TrainingBatch = { feeds: { tokens: ones, targets: ones, judged: ones }, tokens: rows * window, targetTokens: rows * window, sequences: rows };
const layout = layoutOf(2, 1, parallelSchema.parse({ stages: 2 }));
const { validation } = cutModel(task, layout, { dims: new Map([["batch", rows]]), bucketBytes: Infinity });

/** Of two stages the one of this rank. */
async function pipelineOf(transport: Transport): Promise<Pipeline> {
  const engine = onnx({ threads: 1 });
  const graph = validation[transport.rank];
  if (graph === undefined) throw new Error("There are two stages.");
  const program = await StageProgram.compile(engine, engine.createState(), { signature: task.validationSignature, graph, parameters: task.model.parameters(), backward: "none" });
  return new Pipeline(transport, layout, { training: new Map(), chains: new Map(), validation: new Map([[transport.rank, program]]) });
}

test("a validation keeps nothing of the batches that it has passed", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const bytes = (): number => { collect(); return process.memoryUsage().arrayBuffers; };
  const batches = 100;
  const [kept = Infinity] = await runRanks(2, async (transport) => {
    const pipeline = await pipelineOf(transport);
    const before = bytes();
    await pipeline.evaluate((async function* () { for (let at = 0; at < batches; at++) yield batch; })());
    return bytes() - before;
  });
  expect(kept).toBeLessThan(batches * rows * window * dimension * 4 / 10); // a tenth of what crosses the border
});

test("a stage that is slower than the one before it is not buried in batches", async () => {
  const taken = [0, 0];
  let furthest = 0;
  await runRanks(2, async (transport) => {
    const pipeline = await pipelineOf(transport);
    await pipeline.evaluate((async function* () {
      for (let at = 0; at < 20; at++) {
        if (transport.rank === 1) await delay(20);
        taken[transport.rank] = at;
        furthest = Math.max(furthest, (taken[0] ?? 0) - (taken[1] ?? 0));
        yield batch;
      }
    })());
  });
  expect(furthest).toBeLessThanOrEqual(2);
});
