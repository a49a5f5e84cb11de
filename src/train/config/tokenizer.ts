import { z } from "zod";

const lowercase = z.boolean().default(false).describe("Whether text is lower-cased first.");

const word = z.strictObject({
  kind: z.literal("word").describe("A token is a run of characters between spaces."),
  lowercase,
  minimumCount: z.int().min(1).default(1).describe("Words that occur less often become the unknown token."),
  maximumVocabulary: z.int().min(1).optional().describe("Most words kept, the most frequent first; absent: no limit."),
});

const character = z.strictObject({
  kind: z.literal("character").describe("A token is one character."),
  lowercase,
});

const symbol = z.strictObject({
  kind: z.literal("symbol").describe("Sequences come as symbols separated by spaces, such as phonemes; all are kept."),
});

const bpe = z.strictObject({
  kind: z.literal("bpe").describe("Byte-pair encoding, learned from the training pairs (Sennrich et al. 2016)."),
  vocabulary: z.int().min(1).default(8000).describe("Size of the vocabulary."),
  lowercase,
});

/** How one text becomes tokens. */
export const spec = z.discriminatedUnion("kind", [word, character, symbol, bpe]);

const perSide = z.strictObject({
  source: spec.describe("How source text is cut."),
  target: spec.describe("How target text is cut."),
});

/** How text becomes tokens. */
export const tokenizerSchema = z
  .union([spec, perSide])
  .describe("How text becomes tokens: one entry for a joint vocabulary, or { source, target } for two.");

/** One tokenizer's kind and settings. */
export type TokenizerSpec = z.output<typeof spec>;
export type TokenizerInput = z.input<typeof tokenizerSchema>;
export type TokenizerConfig = z.output<typeof tokenizerSchema>;
