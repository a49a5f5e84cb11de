/** The configuration of a phrase-based translator, which learns by counting and has no network. */
import { z } from "zod";
import { phraseCrossChecks } from "./checks.ts";
import { dataSchema } from "./data.ts";
import { runFields } from "./fields.ts";
import { resolveBy } from "./problems.ts";
import { valueAt, type FieldSchema } from "./schema.ts";

const iterations = (standard: number, what: string) => z.int().min(0).default(standard).describe(`Iterations of ${what}; 0 leaves it out.`);

const modelSchema = z.strictObject({
  kind: z.literal("phrase-based").describe("Phrase table, n-gram language model and stack decoder (Koehn, Och and Marcu 2003)."),
  symmetrisation: z
    .enum(["intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"])
    .default("grow-diag-final-and")
    .describe("How the word alignments of both directions become one."),
  phraseLength: z.int().min(1).max(20).default(7).describe("Most words of a phrase, on either side."),
  languageModelOrder: z.int().min(1).max(7).default(5).describe("Words that the n-gram language model looks at, the predicted one counted."),
  distortionLimit: z.int().min(0).max(24).default(6).describe("Most words between the sources of two phrases that follow each other; 0 keeps their order."),
  optionsPerPhrase: z.int().min(1).default(20).describe("Translations of a phrase that the search looks at."),
  threshold: z.number().gt(0).default(10).describe("Partial translations whose score is this much below the best of their stack are dropped."),
});

const trainingSchema = z.strictObject({
  alignment: z
    .strictObject({
      model1: iterations(5, "IBM Model 1"),
      model2: iterations(0, "IBM Model 2"),
      hmm: iterations(5, "the hidden Markov model"),
    })
    .prefault({})
    .describe("How words are aligned: models are trained in this order, and the last one aligns."),
  tuning: z
    .strictObject({
      iterations: z.int().min(1).default(6).describe("Times that the validation sentences are translated, at most."),
      beam: z.int().min(1).default(100).describe("Size of the search's stacks while tuning."),
      nBest: z.int().min(1).default(100).describe("Translations of each sentence that an iteration adds."),
      restarts: z.int().min(0).default(8).describe("Searches from random weights, beside that from the last weights."),
    })
    .prefault({})
    .describe("How the features' weights are tuned for BLEU on the validation pairs (Och 2003)."),
});

const phraseRunSchema = z.strictObject({
  ...runFields,
  data: dataSchema,
  tokenizer: z
    .strictObject({
      kind: z.literal("joiner").default("joiner").describe("Words, with punctuation apart and marked so that text can be put together again."),
      lowercase: z.boolean().default(false).describe("Whether text is lower-cased first."),
    })
    .prefault({})
    .describe("How text becomes words."),
  model: modelSchema.describe("The translator."),
  training: trainingSchema.prefault({}).describe("How it is trained."),
});

/** The JSON Schema of such a configuration as it is written. */
export const phraseRunJsonSchema: FieldSchema = z.toJSONSchema(phraseRunSchema, { io: "input", reused: "inline" });

export type PhraseRunInput = z.input<typeof phraseRunSchema>;
export type PhraseRunConfig = z.output<typeof phraseRunSchema>;

/**
 * Types the configuration of a phrase-based translator where it is written; the value is returned as it is.
 *
 *     export default definePhraseBased({
 *       name: "captions-phrases",
 *       data: { kind: "parallel", source: "train.en", target: "train.fr", validation: { source: "val.en", target: "val.fr" } },
 *       tokenizer: { lowercase: true },
 *       model: { kind: "phrase-based" },
 *     });
 */
export function definePhraseBased(input: PhraseRunInput): PhraseRunInput {
  return input;
}

/** Whether a configuration, whatever else is wrong with it, is meant for a phrase-based translator. */
export function isPhraseRun(input: unknown): boolean {
  return valueAt(input, ["model", "kind"]) === "phrase-based";
}

export function isPhraseRunConfig<Other extends object>(config: Other | PhraseRunConfig): config is PhraseRunConfig {
  return isPhraseRun(config);
}

/** Checks a configuration and fills in its defaults. @throws ConfigError that lists everything that is wrong */
export function resolvePhraseRun(input: unknown, subject = "The configuration"): PhraseRunConfig {
  return resolveBy(phraseRunSchema, phraseRunJsonSchema, input, { problems: phraseCrossChecks(input), subject });
}
