import { readFile } from "node:fs/promises";
import { z } from "zod";
import { jsonValue } from "../../data/json-value.ts";
import { engineSchema, runFields } from "../../train/config/fields.ts";
import { languageModelSchema } from "../../train/config/language-model.ts";
import type { TrainerSettings } from "../../train/config/config.ts";
import type { RunDirectory } from "../../train/run/run-directory.ts";
import { ThinkError } from "../think-error.ts";
import { rewardKinds } from "./model-reward.ts";

const rewardConfigSchema = z.strictObject({
  ...runFields,
  /** The trunk is the language model's that it began from. */
  model: z.strictObject({ kind: z.literal("reward"), judges: z.enum(rewardKinds), trunk: languageModelSchema }),
  data: z.strictObject({
    task: z.string(),
    /** Folder of the run whose attempts are judged, and which of its checkpoints. */
    run: z.string(),
    checkpoint: z.string(),
    /** Of the training split, and of the validation and the test split each. */
    problems: z.int().min(1),
    heldOut: z.int().min(1),
    samples: z.int().min(1),
    rollouts: z.int().min(0),
    temperature: z.number().min(0),
    maxTokens: z.int().min(1),
    /** Between steps; `null` where each token is one. */
    separator: z.string().nullable(),
  }),
  training: z.strictObject({ epochs: z.number().gt(0), batch: z.int().min(1), learningRate: z.number().gt(0) }),
  engine: engineSchema,
});

/** Everything needed to train a reward model again: its run directory's `config.json`. */
export type RewardConfig = z.output<typeof rewardConfigSchema>;

/** @throws ThinkError where the folder holds another kind of run */
export async function readRewardConfig({ path, configFile }: RunDirectory): Promise<RewardConfig> {
  const parsed = rewardConfigSchema.safeParse(jsonValue(await readFile(configFile, "utf8")));
  if (!parsed.success) throw new ThinkError(`${path} is no reward model; train one with decade think reward TASK RUN --output ${path}.`);
  return parsed.data;
}

/** Share of the steps over which the learning rate rises. */
const WARMUP = 0.05;

/** Steps between validations at least, for a small number of attempts. */
const LEAST_INTERVAL = 20;

/** What the trainer goes by: AdamW, half a cosine, four validations an epoch. */
export function trainerSettings({ epochs, learningRate }: RewardConfig["training"], batchesInEpoch: number): TrainerSettings {
  const interval = { steps: Math.max(LEAST_INTERVAL, Math.floor(batchesInEpoch / 4)) };
  return {
    epochs, accumulate: 1, clipNorm: 1, normalize: "tokens",
    optimizer: { kind: "adamw", learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    schedule: { kind: "cosine", warmup: Math.round(WARMUP * epochs * batchesInEpoch), final: 0 },
    validateEvery: interval, checkpointEvery: interval, keepLast: 1, logEvery: 10, lossSpikes: null, mfu: false,
  };
}
