/** The configuration of a language model that learns from rewards. */
import { resolve } from "node:path";
import { z } from "zod";
import { engineSchema, runFields } from "./fields.ts";
import { languageModelSchema } from "./language-model.ts";
import { resolveBy } from "./problems.ts";
import { valueAt, type FieldSchema } from "./schema.ts";
import { optimizerSchema, scheduleSchema } from "./training.ts";

const positive = () => z.int().min(1);
const bound = () => z.number().gt(0);
const every = (what: string) =>
  z.strictObject({ steps: positive().describe("Interval in optimiser steps.") }).prefault({ steps: 10 })
    .describe(`How often ${what}; never within a rollout, but at its end.`);

const trainingSchema = z.strictObject({
  kind: z.literal("grpo").describe("Group relative policy optimisation (Shao et al. 2024, section 4.1)."),
  steps: positive().default(200).describe("Optimiser steps; the last rollout is learned from to its end."),
  problems: positive().default(32).describe("Problems of a rollout, each of them a group of samples."),
  samples: z.int().min(2).default(16).describe("Attempts at each problem (G of Shao et al. 2024)."),
  temperature: z.number().gt(0).default(1).describe("Of the draws; the policy that learns is the model at this temperature."),
  maxTokens: positive().optional().describe("The most tokens of an attempt; absent: as many as the task's answers take."),
  epochs: positive().default(1).describe("Passes over the samples of a rollout (μ of Shao et al. 2024, algorithm 1)."),
  minibatches: positive().default(1).describe("Steps into which a pass is divided."),
  batch: z
    .strictObject({ sequences: positive().describe("Samples whose gradients are computed at once.") })
    .prefault({ sequences: 64 })
    .describe("How a step is divided to save memory; the update is the same."),
  clip: z
    .union([bound(), z.tuple([bound(), bound()])])
    .default([0.2, 0.28])
    .transform((range): [number, number] => (typeof range === "number" ? [range, range] : range))
    .describe("How far below and above 1 a token's probability ratio counts (ε of Shao et al. 2024, equation 3; two of them: Yu et al. 2025, section 3.1)."),
  kl: z
    .number()
    .min(0)
    .default(0)
    .describe("Weight of the divergence from the model at the beginning (β of Shao et al. 2024, equation 3), by the estimator k3 of their equation 4."),
  advantages: z
    .enum(["normalized", "centered"])
    .default("normalized")
    .describe("A reward less its group's mean, `normalized`: by the group's standard deviation (Shao et al. 2024, section 4.1.2); `centered`: as it is (Liu et al. 2025, section 3.2)."),
  normalize: z
    .enum(["tokens", "samples", "constant"])
    .default("tokens")
    .describe(
      "What tokens weigh. `tokens`: all alike (Yu et al. 2025, section 3.3); `samples`: less in longer samples, which count alike " +
        "(Shao et al. 2024, equation 3); `constant`: all alike, and not divided by how many there are, but by how many there may be (Liu et al. 2025, section 3.2).",
    ),
  dynamicSampling: z
    .boolean()
    .default(true)
    .describe("Whether groups whose rewards are all equal, which teach nothing, give way to further problems (Yu et al. 2025, section 3.2)."),
  rounds: positive().default(4).describe("How often problems are drawn for one rollout, at most, where groups give way: `problems` first, then as many as are missing; at the end groups without variance fill it up."),
  optimizer: optimizerSchema.prefault({ kind: "adamw", learningRate: 1e-4, weightDecay: 0 }).describe("The update rule."),
  schedule: scheduleSchema.prefault({ kind: "constant" }).describe("How the learning rate changes; an epoch is a rollout."),
  clipNorm: z.number().gt(0).nullable().default(1).describe("Largest Euclidean norm of all gradients together; null: no limit."),
  validateEvery: every("greedy answers to validation problems are judged"),
  validationProblems: positive().default(200).describe("Problems of the task's validation split that the model is judged on, as many as there are."),
  checkpointEvery: every("a checkpoint is written"),
  keepLast: positive().default(3).describe("Newest checkpoints kept; the best one always is."),
  logEvery: positive().default(1).describe("Steps between two lines of the metrics log."),
});

const grpoSchema = z.strictObject({
  ...runFields,
  task: z.string().min(1).describe("What is to be solved, as `decade think` takes it: `countdown`, `addition:digits=4`."),
  from: z
    .string()
    .min(1)
    .describe("Folder of the run whose weights, tokenizer and network are the beginning; a relative path starts at the config file's folder."),
  training: trainingSchema.describe("How the model learns, and how long."),
  engine: engineSchema,
});

/** As a run keeps it: with the network. */
const grpoRunSchema = grpoSchema.extend({ model: languageModelSchema });

/** The JSON Schema of such a configuration as it is written. */
export const grpoJsonSchema: FieldSchema = z.toJSONSchema(grpoSchema, { io: "input", reused: "inline" });
const grpoRunJsonSchema: FieldSchema = z.toJSONSchema(grpoRunSchema, { io: "input", reused: "inline" });

export type GrpoInput = z.input<typeof grpoSchema>;
export type GrpoConfig = z.output<typeof grpoSchema>;
/** What a run's `config.json` holds: the network, taken from where the run began, beside the rest. */
export type GrpoRunConfig = z.output<typeof grpoRunSchema>;
export type GrpoTrainingConfig = GrpoConfig["training"];

/**
 * Types the configuration of a model that learns from rewards where it is written; the value is returned as it is.
 *
 *     export default defineGrpo({
 *       name: "countdown-grpo",
 *       task: "countdown",
 *       from: "runs/countdown",
 *       training: { kind: "grpo", steps: 200, problems: 32, samples: 16 },
 *     });
 */
export function defineGrpo(input: GrpoInput): GrpoInput {
  return input;
}

/** Whether a configuration, whatever else is wrong with it, is meant for learning from rewards. */
export function isGrpoRun(input: unknown): boolean {
  return valueAt(input, ["training", "kind"]) === "grpo";
}

export function isGrpoConfig<Other extends object>(config: Other | GrpoConfig | GrpoRunConfig): config is GrpoConfig | GrpoRunConfig {
  return isGrpoRun(config);
}

/** Checks a configuration and fills in its defaults; the network of a run's own stays. @throws ConfigError that lists everything that is wrong */
export function resolveGrpo(input: unknown, subject = "The configuration"): GrpoConfig | GrpoRunConfig {
  return valueAt(input, ["model"]) === undefined ? resolveBy(grpoSchema, grpoJsonSchema, input, { problems: tooManyMinibatches(input), subject }) : resolveGrpoRun(input, subject);
}

/** Checks what a run keeps. @throws ConfigError that lists everything that is wrong */
export function resolveGrpoRun(input: unknown, subject = "The configuration"): GrpoRunConfig {
  return resolveBy(grpoRunSchema, grpoRunJsonSchema, input, { problems: tooManyMinibatches(input), subject });
}

/** A configuration whose relative path starts at a folder. */
export function resolveGrpoPaths<Config extends GrpoConfig>(config: Config, folder: string): Config {
  return { ...config, from: resolve(folder, config.from) };
}

function tooManyMinibatches(input: unknown): string[] {
  const read = (name: string, standard: number): unknown => valueAt(input, ["training", name]) ?? standard;
  const [problems, samples, minibatches] = [read("problems", 32), read("samples", 16), read("minibatches", 1)];
  if (typeof problems !== "number" || typeof samples !== "number" || typeof minibatches !== "number" || minibatches <= problems * samples) return [];
  return [`training.minibatches: received ${minibatches}, more than the ${problems * samples} samples of a rollout; choose fewer.`];
}
