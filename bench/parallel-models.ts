import { Gpt } from "../src/models/gpt.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { pairTask } from "../src/train/pair-task.ts";
import { textTask } from "../src/train/text-task.ts";
import type { TrainingBatch, TrainingTask } from "../src/train/training-task.ts";
import { gptOptions } from "./gpt-train.ts";
import { evenPairs, modelConfig } from "./lstm-train.ts";
import { tokenIds } from "./training-step.ts";

/** What `npm run bench -- parallel` trains. */
export interface ParallelModel {
  readonly task: TrainingTask;
  /** A micro-batch of a step, by its number. */
  batch(number: number): TrainingBatch;
  /** Of a step. */
  readonly microBatches: number;
}

export type ModelName = "gpt" | "lstm";

export function parallelModel(name: ModelName): ParallelModel {
  return name === "gpt" ? gpt() : lstm();
}

/** The GPT of `gpt-train`, its output apart from its embedding, in micro-batches of two rows. */
function gpt(): ParallelModel {
  const size = { layers: 6, dimension: 384, heads: 6, context: 256, vocabulary: 8_000 };
  const { context, vocabulary } = size;
  const [rows, tokens] = [2, 2 * context];
  return {
    task: textTask(new Gpt({ ...gptOptions(size), tiedEmbeddings: false }).seed(1), {
      labelSmoothing: 0, zLoss: 0, window: context, carriedRows: undefined, separateDocuments: false,
    }),
    microBatches: 8,
    batch: (number) => ({
      feeds: {
        tokens: tokenIds(rows, context, vocabulary, 7919 + number), targets: tokenIds(rows, context, vocabulary, 104_729 + number),
        judged: { data: new Int32Array(tokens).fill(1), shape: [rows, context] },
      },
      tokens, targetTokens: tokens, sequences: rows,
    }),
  };
}

/** Two layers of LSTM that read and two that write, without attention: what can pass in pieces of time. */
function lstm(): ParallelModel {
  const vocabulary = 2_000;
  const batch = evenPairs({ batch: 32, time: 32, vocabulary });
  const model = buildModel(modelConfig({ layers: 2, hidden: 256 }), vocabulary, vocabulary).seed(1);
  return { task: pairTask(model, { labelSmoothing: 0 }), microBatches: 4, batch: () => batch };
}
