import { z } from "zod";

const steps = () => z.int().min(1);
const warmup = (length: number) =>
  z.int().min(0).default(length).describe("Steps over which the learning rate rises linearly from 0.");
const learningRate = (rate: number) => z.number().gt(0).default(rate).describe("Peak learning rate.");

const interval = () =>
  z.union([
    z.strictObject({ epochs: z.number().gt(0).describe("Interval in passes over the data; may be fractional.") }),
    z.strictObject({ steps: steps().describe("Interval in optimiser steps.") }),
  ]);

const batchSchema = z.union([
  z.strictObject({ sentences: z.int().min(1).describe("Pairs in a batch.") }),
  z.strictObject({ tokens: z.int().min(1).describe("Most tokens in a batch, padding included.") }),
]);

const weightDecay = (share: number) =>
  z.number().min(0).default(share).describe("Share of each weight, times the rate, removed per step.");

const adamFields = {
  learningRate: learningRate(1e-3),
  beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of the gradients' mean."),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Decay of the squared gradients' mean."),
  epsilon: z.number().gt(0).default(1e-8).describe("Added to the denominator."),
};

export const optimizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sgd").describe("Stochastic gradient descent."),
    learningRate: learningRate(0.7),
    momentum: z.number().min(0).lt(1).default(0).describe("Share of the previous update that is kept."),
  }),
  z.strictObject({ kind: z.literal("adam").describe("Adam (Kingma and Ba 2015)."), ...adamFields }),
  z.strictObject({
    kind: z.literal("adamw").describe("Adam with decoupled weight decay (Loshchilov and Hutter 2019)."),
    ...adamFields,
    weightDecay: weightDecay(0.01),
  }),
  z.strictObject({
    kind: z.literal("muon").describe("Muon (Jordan et al. 2024) of the matrices between hidden layers, AdamW of all else."),
    learningRate: learningRate(0.02),
    momentum: z.number().min(0).lt(1).default(0.95).describe("Share of the previous gradients that is kept."),
    weightDecay: weightDecay(0),
    adam: z
      .strictObject({
        ...adamFields,
        learningRate: learningRate(3e-3),
        beta2: adamFields.beta2.unwrap().default(0.95).describe("Decay of the squared gradients' mean."),
        weightDecay: weightDecay(0.01),
      })
      .prefault({})
      .describe("AdamW of embeddings, output weights and vectors; its rate follows the schedule in proportion."),
  }),
]);

const decayFields = {
  warmup: warmup(0),
  final: z.number().min(0).max(1).default(0).describe("Learning rate at the end, as a fraction of the peak."),
};

export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant").describe("The peak rate throughout."), warmup: warmup(0) }),
  z.strictObject({
    kind: z.literal("linear").describe("A straight line down to the end of training."),
    ...decayFields,
  }),
  z.strictObject({ kind: z.literal("cosine").describe("Half a cosine down to the end of training."), ...decayFields }),
  z.strictObject({
    kind: z.literal("stable-decay").describe("The peak rate, then a straight line down at the end (Hu et al. 2024)."),
    ...decayFields,
    decay: z.number().gt(0).max(1).default(0.2).describe("Share of the training that the way down takes."),
  }),
  z.strictObject({
    kind: z.literal("inverse-sqrt").describe("Falls with the inverse square root of the step (Vaswani et al. 2017)."),
    warmup: warmup(4000),
  }),
  z.strictObject({
    kind: z.literal("halving").describe("Constant, then halved again and again (Sutskever et al. 2014, section 3.4)."),
    after: z.number().min(0).default(5).describe("Epochs before the first halving."),
    every: z.number().gt(0).default(0.5).describe("Epochs between halvings."),
  }),
  z.strictObject({
    kind: z.literal("step").describe("Constant, then multiplied again and again (Zaremba et al. 2014, section 4.1)."),
    after: z.number().min(0).default(6).describe("Epochs before the rate first falls."),
    every: z.number().gt(0).default(1).describe("Epochs between falls."),
    factor: z.number().gt(0).lt(1).default(0.5).describe("What the rate is multiplied by."),
  }),
  z.strictObject({
    kind: z.literal("plateau").describe("Lowered whenever validation stops improving."),
    factor: z.number().gt(0).lt(1).default(0.5).describe("What the rate is multiplied by."),
    patience: z.int().min(1).default(1).describe("Validations without improvement before the rate falls."),
    minimum: z.number().min(0).default(0).describe("Lowest rate."),
  }),
]);

const commonFields = {
  epochs: z
    .number()
    .gt(0)
    .optional()
    .describe("Passes over the data, may be fractional; absent: 10, unless `steps` is given."),
  steps: steps().optional().describe("Optimiser steps, in place of `epochs`."),
  accumulate: steps().default(1).describe("Batches whose gradients are summed for one optimiser step."),
  optimizer: optimizerSchema.prefault({ kind: "adam" }).describe("The update rule."),
  schedule: scheduleSchema.prefault({ kind: "constant" }).describe("How the learning rate changes."),
  clipNorm: z
    .number()
    .gt(0)
    .nullable()
    .default(5)
    .describe("Largest Euclidean norm of all gradients together; null: no limit."),
  average: z
    .strictObject({ decay: z.number().gt(0).lt(1).default(0.999).describe("Share of the average that a step keeps.") })
    .optional()
    .describe("Exponential moving average of the weights, which validation and use of the run go by; absent: none."),
  lossSpikes: z
    .strictObject({
      deviations: z.number().gt(0).default(6).describe("Standard deviations above the running mean that make a spike."),
      window: z.int().min(2).default(100).describe("Steps that mean and deviation look back on, and between two reports."),
    })
    .nullable()
    .prefault({})
    .describe("Which steps are reported because their loss jumped; null: none."),
  validateEvery: interval().prefault({ epochs: 1 }).describe("How often the validation pairs are judged."),
  patience: steps().optional().describe("Validations without improvement before training stops; absent: never."),
  checkpointEvery: interval().prefault({ epochs: 1 }).describe("How often a checkpoint is written."),
  keepLast: steps().default(3).describe("Newest checkpoints kept; the best one always is."),
  logEvery: steps().default(50).describe("Steps between two lines of the metrics log."),
  mfu: z
    .boolean()
    .default(true)
    .describe("Whether the log says which share of the engine's peak, measured at the start, training reaches (`mfu`)."),
};

const labelSmoothing = z.number().min(0).lt(1).default(0).describe("Probability spread evenly over the vocabulary.");

/** Ten passes where nothing else is said. */
function withDuration<T extends { epochs?: number | undefined; steps?: number | undefined }>(training: T): T {
  return training.epochs === undefined && training.steps === undefined ? { ...training, epochs: 10 } : training;
}

/** How a network is trained on pairs, and how long. */
export const trainingSchema = z
  .strictObject({
    ...commonFields,
    batch: batchSchema.prefault({ tokens: 4096 }).describe("Size of a batch."),
    normalize: z
      .enum(["tokens", "sentences"])
      .default("tokens")
      .describe("What a batch's summed loss is divided by: its target tokens, or its pairs (Sutskever et al. 2014)."),
    labelSmoothing,
  })
  .transform(withDuration);

/** How a language model is trained on text, and how long. */
export const textTrainingSchema = z
  .strictObject({
    ...commonFields,
    batch: z
      .strictObject({ sequences: z.int().min(1).describe("Stretches of text in a batch.") })
      .prefault({ sequences: 16 })
      .describe("Size of a batch."),
    window: z.int().min(1).optional().describe("Tokens of a stretch; absent: model.context, or 35 for a recurrent model."),
    order: z
      .enum(["shuffled", "random", "sequential"])
      .optional()
      .describe(
        "`shuffled`: every stretch once an epoch; `random`: from anywhere; `sequential`: each row goes on where it ended, " +
          "for a recurrent model's state; absent: `sequential` for recurrent models, `shuffled` for others.",
      ),
    validationBatches: z.int().min(1).optional().describe("Batches that a validation looks at, always the same ones; the last one looks at all that was held out. Absent: all do."),
    separateDocuments: z.boolean().default(false).describe("Whether attention stops at the edges of documents, whose positions begin anew; completions are always apart."),
    labelSmoothing,
    zLoss: z.number().min(0).default(0).describe("Weight of log²Z beside the loss (Chowdhery et al. 2022, section 5)."),
  })
  .transform(withDuration);

type DurationInput = { epochs?: number; steps?: never } | { epochs?: never; steps?: number };

export type TrainingInput = z.input<typeof trainingSchema> & DurationInput;
export type TrainingConfig = z.output<typeof trainingSchema>;
export type TextTrainingInput = z.input<typeof textTrainingSchema> & DurationInput;
/** What the trainer itself goes by. */
export type TrainerSettings = Omit<TrainingConfig, "batch" | "labelSmoothing">;
export type BatchConfig = z.output<typeof batchSchema>;
export type OptimizerConfig = z.output<typeof optimizerSchema>;
export type ScheduleConfig = z.output<typeof scheduleSchema>;
/** An interval between recurring events. */
export type Interval = z.output<ReturnType<typeof interval>>;
