import { z } from "zod";

/** Pipelines that a training can run; `decade schedule` prints them. */
const PIPELINES = ["none", "gpipe", "1f1b", "interleaved-1f1b", "zb-h1", "zb-v", "wavefront-2014"] as const;

/** How several processes share a training. One process ignores it. */
export const parallelSchema = z
  .strictObject({
    stages: z
      .int()
      .min(1)
      .default(1)
      .describe("Processes that a pipeline is made of; with those that `vocabulary` adds, it is replicated as often as all processes are a multiple of it."),
    vocabulary: z
      .int()
      .min(1)
      .default(1)
      .describe("Processes that share the projection onto the vocabulary: a pipeline's last, and so many others, less one, that do nothing else."),
    schedule: z.enum(PIPELINES).default("1f1b").describe("Order in which a pipeline's processes work on the batches of a step."),
    chunks: z.int().min(1).default(2).describe("Stages of each process, with an interleaved schedule; pieces of time of each batch, with a wavefront."),
    costs: z.string().min(1).optional().describe("File of `decade profile`, whose times stages are balanced by; absent: by floating-point operations."),
    bucketMiB: z
      .number()
      .positive()
      .optional()
      .describe("Weights, MiB, whose gradients replicas begin to sum while those of earlier layers are still computed; absent: all are summed at the end."),
    checkEvery: z.int().min(1).default(100).describe("Steps between two comparisons of the replicas' weights."),
  })
  .prefault({})
  .describe("How several processes share the training.");

export type ParallelConfig = z.output<typeof parallelSchema>;
