/**
 * `npx jiti bench/memory-growth.ts`: resident memory over 2,000 training steps on batches of varying lengths. Each size
 * of batch that the engine sees for the first time may cost memory; from step 500 on it must not grow any more.
 */
import { setImmediate } from "node:timers/promises";
import type { PairBatch } from "../src/data/collate.ts";
import { hash32 } from "../src/data/shuffle.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { pairBatch, pairTask } from "../src/train/pair-task.ts";
import { TrainingPrograms } from "../src/train/training-programs.ts";
import { modelConfig } from "./lstm-train.ts";

const STEPS = 2_000;
const VOCABULARY = 1_000;
const LONGEST = 50;
const TOKENS = 1_600;

const model = buildModel({ ...modelConfig({ layers: 1, hidden: 128 }), attention: "general", dropout: 0.2 }, VOCABULARY, VOCABULARY);
const programs = await TrainingPrograms.compile(onnx(), pairTask(model, { labelSmoothing: 0.1 }), {
  optimizer: { kind: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, accumulate: false,
});
const resident: Record<string, number> = {};
for (let step = 1; step <= STEPS; step++) {
  const batch = pairBatch(makeBatch(step));
  const { squaredNorm } = await programs.addGradient(batch, step, true);
  await programs.apply(1 / Math.max(batch.targetTokens, Math.sqrt(squaredNorm)), 1e-3);
  if (step % 50 === 0) await programs.evaluate(pairBatch(makeBatch(step + STEPS)));
  if (step % 500 === 0) resident[`step${step}`] = Math.round(process.memoryUsage().rss / 2 ** 20);
  await setImmediate();
}
await programs.dispose();
console.log(JSON.stringify({ residentMiB: resident, growthMiB: (resident[`step${STEPS}`] ?? NaN) - (resident["step500"] ?? NaN) }));

/** As many sentences as a bound on tokens allows, of lengths that differ from step to step. */
function makeBatch(step: number): PairBatch {
  const [sourceTime, targetTime] = [2 + (hash32(step, 1) % LONGEST), 2 + (hash32(step, 2) % LONGEST)];
  const sentences = Math.max(1, Math.floor(TOKENS / (sourceTime + targetTime)));
  const lengths = (time: number, side: number) => ({
    data: Int32Array.from({ length: sentences }, (_, row) => (row === 0 ? time : 1 + (hash32(step, side, row) % time))), shape: [sentences],
  });
  const tokens = (time: number, side: number) => ({
    data: Int32Array.from({ length: sentences * time }, (_, at) => 4 + (hash32(step, side, at) % (VOCABULARY - 4))), shape: [sentences, time],
  });
  const [sourceLengths, targetLengths] = [lengths(sourceTime, 3), lengths(targetTime, 4)];
  const sum = ({ data }: { readonly data: Int32Array }): number => data.reduce((total, length) => total + length, 0);
  return {
    source: tokens(sourceTime, 5), sourceLengths, targetInput: tokens(targetTime, 6), targetOutput: tokens(targetTime, 7), targetLengths,
    sourceTokens: sum(sourceLengths), targetTokens: sum(targetLengths),
  };
}
