/** A run's configuration: everything needed to repeat the run. */
import { z } from "zod";
import { crossChecks } from "./checks.ts";
import { dataSchema } from "./data.ts";
import { modelSchema, type ModelInput } from "./model.ts";
import { engineSchema, runFields } from "./fields.ts";
import { parallelSchema } from "./parallel.ts";
import { resolveBy } from "./problems.ts";
import type { FieldSchema } from "./schema.ts";
import { tokenizerSchema } from "./tokenizer.ts";
import { trainingSchema, type TrainingInput } from "./training.ts";

export { ConfigError } from "./problems.ts";
export type { DataConfig, DataInput, HeldOut, PairSource } from "./data.ts";
export type { ModelConfig, ModelInput } from "./model.ts";
export type { TokenizerConfig, TokenizerInput, TokenizerSpec } from "./tokenizer.ts";
export type {
  BatchConfig,
  Interval,
  OptimizerConfig,
  ScheduleConfig,
  TrainerSettings,
  TrainingConfig,
  TrainingInput,
} from "./training.ts";

const runSchema = z.strictObject({
  ...runFields,
  data: dataSchema,
  tokenizer: tokenizerSchema,
  model: modelSchema,
  training: trainingSchema.prefault({}).describe("How the network is trained, and how long."),
  engine: engineSchema,
  parallel: parallelSchema,
});

/** The JSON Schema of a configuration as it is written, for documentation and editors. */
export const runJsonSchema: FieldSchema = z.toJSONSchema(runSchema, { io: "input", reused: "inline" });

type EngineInput = z.input<typeof engineSchema>;
export type EngineConfig = z.output<typeof engineSchema>;

/** A configuration as it is written: fields with a default may be left out. */
export type RunInput = Omit<z.input<typeof runSchema>, "model" | "training" | "engine"> & {
  model: ModelInput;
  training?: TrainingInput;
  engine?: EngineInput;
};

/** A configuration with every default filled in. */
export type RunConfig = z.output<typeof runSchema>;

/**
 * Types a configuration where it is written; the value is returned as it is.
 *
 *     export default defineRun({
 *       name: "captions",
 *       data: { kind: "parallel", source: "train.en", target: "train.fr", validation: { fraction: 0.05 } },
 *       tokenizer: { kind: "bpe", vocabulary: 8000 },
 *       model: { kind: "seq2seq-lstm", hidden: 256, attention: "general" },
 *     });
 */
export function defineRun(input: RunInput): RunInput {
  return input;
}

/**
 * Checks a configuration and fills in its defaults. A resolved configuration resolves to itself.
 *
 * @param subject what the error calls the configuration
 * @throws ConfigError that lists everything that is wrong, a sentence each
 */
export function resolveRun(input: unknown, subject = "The configuration"): RunConfig {
  return resolveBy(runSchema, runJsonSchema, input, { problems: crossChecks(input), subject });
}
