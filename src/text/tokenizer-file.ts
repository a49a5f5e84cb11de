import { z } from "zod";
import { END_OF_TEXT, SPECIAL_TOKENS, specialIdsOf, type SpecialIds } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";

/** Passed through as it is: a rebuilt object would lose a token that reads "__proto__". */
export const Vocabulary = z.custom<Record<string, number>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((id: unknown) => Number.isInteger(id) && Number(id) >= 0),
  "the vocabulary must map tokens to whole numbers",
);

const WordLevel = z.object({ type: z.literal("WordLevel"), vocab: Vocabulary, unk_token: z.literal("<unk>") });

/** Byte-pair encoding without the variants that this library does not apply (dropout, affixes). */
const BytePair = z.object({
  type: z.literal("BPE"),
  dropout: z.null().optional(),
  unk_token: z.string().nullable().default(null),
  continuing_subword_prefix: z.union([z.null(), z.literal("")]).optional(),
  end_of_word_suffix: z.union([z.null(), z.literal("")]).optional(),
  /** Whether neighbouring unknown characters are one token. */
  fuse_unk: z.boolean().default(false),
  /** Whether a character that the vocabulary lacks is spelled by its bytes, "<0xE2>". */
  byte_fallback: z.boolean().default(false),
  /** Whether a piece that is a token is taken as it is, whatever the merges make of it. */
  ignore_merges: z.boolean().default(false),
  vocab: Vocabulary,
  merges: z.array(z.union([z.tuple([z.string(), z.string()]), z.string().transform(splitMerge)])),
});

/** Older files write a merge as one string, "Ġ t". */
function splitMerge(merge: string): [string, string] {
  const blank = merge.indexOf(" ");
  return [merge.slice(0, blank), merge.slice(blank + 1)];
}

/** Older files of byte-pair models name no type. */
const Model = z.preprocess(
  (model) => (typeof model === "object" && model !== null && "merges" in model && !("type" in model) ? { type: "BPE", ...model } : model),
  z.discriminatedUnion("type", [WordLevel, BytePair]),
);

const TokenizerFileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.number().int().nonnegative(), content: z.string() })).default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  model: Model,
});

/** The parts of a Hugging Face tokenizer.json that this library reads. */
export type TokenizerFile = z.infer<typeof TokenizerFileSchema> & { readonly special: SpecialIds };
export type ModelSection = TokenizerFile["model"];

/**
 * Reads a tokenizer.json and checks that this library can apply it.
 * @param given special tokens that are known from elsewhere
 * @throws TokenizerError that says what differs.
 */
export function parseTokenizerFile(json: string, given?: Partial<SpecialIds>): TokenizerFile {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new TokenizerError(
      `This tokenizer file is not JSON (${messageOf(error)}). Give a Hugging Face tokenizer.json.`,
    );
  }
  const parsed = TokenizerFileSchema.safeParse(value);
  if (!parsed.success) {
    throw new TokenizerError(
      `This tokenizer.json is not one that Decade can apply. ${z.prettifyError(parsed.error)}\n` +
        `Give a WordLevel or plain BPE model, such as Tokenizer.toJson() writes.`,
    );
  }
  const special = specialIdsOf(allTokens(parsed.data), given);
  const ownOrder = SPECIAL_TOKENS.every((token, id) => parsed.data.model.vocab[token] === id);
  if (special !== undefined && (ownOrder || parsed.data.model.type === "BPE")) return { ...parsed.data, special };
  const misplaced = SPECIAL_TOKENS.find((token, id) => parsed.data.model.vocab[token] !== id) ?? "";
  const found = parsed.data.model.vocab[misplaced];
  throw new TokenizerError(
    `The special token ${misplaced} of this tokenizer.json ${found === undefined ? "is missing" : `has id ${found}`}; ` +
      `Decade expects ${SPECIAL_TOKENS.join(", ")} as ids 0 to 3, or byte pairs with </s>, ${END_OF_TEXT.join(" or ")}. ` +
      `Train a tokenizer with Tokenizer.train, or renumber this one.`,
  );
}

/** Every token of a file with its id: those of the model, and those added beside it. */
export function allTokens(file: Pick<TokenizerFile, "added_tokens" | "model">): Map<string, number> {
  const ids = new Map(Object.entries(file.model.vocab));
  for (const { content, id } of file.added_tokens) if (!ids.has(content)) ids.set(content, id);
  return ids;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
