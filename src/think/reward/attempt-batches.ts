import { permutation } from "../../data/shuffle.ts";
import type { BatchSource, TrainingBatch } from "../../train/training-task.ts";
import type { EncodedAttempt } from "./encoded-attempt.ts";

/** An attempt as a reward model learns from it. */
export interface Example extends EncodedAttempt {
  /** One for each of its last `ends`. */
  readonly labels: readonly number[];
}

/** Batches of so many attempts, in another order each epoch where a seed is given. */
export function attemptBatches(examples: readonly Example[], batch: number, seed?: number): BatchSource {
  return {
    batchesInEpoch: () => Math.ceil(examples.length / batch),
    batch(epoch, index) {
      const order = seed === undefined ? examples.keys() : permutation(examples.length, seed, epoch);
      return attemptBatch([...order].slice(index * batch, (index + 1) * batch).flatMap((place) => examples[place] ?? []));
    },
  };
}

function attemptBatch(examples: readonly Example[]): TrainingBatch {
  const time = Math.max(...examples.map(({ tokens }) => tokens.length));
  const shape = [examples.length, time];
  const [tokens, labels, judged] = [new Int32Array(examples.length * time), new Float32Array(examples.length * time), new Float32Array(examples.length * time)];
  examples.forEach((example, row) => {
    tokens.set(example.tokens, row * time);
    const ends = example.ends.slice(-example.labels.length);
    ends.forEach((end, step) => {
      labels[row * time + end] = example.labels[step] ?? 0;
      judged[row * time + end] = 1;
    });
  });
  return {
    feeds: { tokens: { data: tokens, shape }, labels: { data: labels, shape }, judged: { data: judged, shape } },
    tokens: examples.reduce((sum, each) => sum + each.tokens.length, 0),
    targetTokens: judged.reduce((sum, each) => sum + each, 0), sequences: examples.length,
  };
}
