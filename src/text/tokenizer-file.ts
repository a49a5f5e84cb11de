import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { END_OF_TEXT, SPECIAL_TOKENS, specialIdsOf, UNKNOWN_ID, type SpecialIds } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";

/** Passed through as it is: a rebuilt object would lose a token that reads "__proto__". */
const Vocabulary = z.custom<Record<string, number>>(
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

const NFC = { type: "NFC" };
const LOWERCASE = { type: "Lowercase" };
/** Gives the first word of a text the same leading space that the others have. */
const LEADING_SPACE = { type: "Prepend", prepend: " " };
const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** The steps around the model: text → `normalizer` → `pre_tokenizer` → pieces, and tokens → `decoder` → text. */
interface Pipeline {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  /** `null` joins tokens with single spaces. */
  readonly decoder: object | null;
}

export function pipelineOf(spec: TokenizerSpec): Pipeline {
  switch (spec.kind) {
    case "word":
    case "symbol": {
      const lowercase = spec.kind === "word" && spec.lowercase;
      return { normalizer: normalizers(lowercase), pre_tokenizer: { type: "WhitespaceSplit" }, decoder: null };
    }
    case "character":
      return { normalizer: normalizers(spec.lowercase), pre_tokenizer: null, decoder: { type: "Fuse" } };
    case "bpe":
      return {
        normalizer: normalizers(spec.lowercase, LEADING_SPACE),
        pre_tokenizer: BYTE_LEVEL,
        decoder: { type: "Sequence", decoders: [BYTE_LEVEL, { type: "Strip", content: " ", start: 1, stop: 0 }] },
      };
    default:
      throw new TypeError(`unknown kind of tokenizer: ${JSON.stringify(spec satisfies never)}`);
  }
}

function normalizers(lowercase: boolean, ...more: object[]): object {
  return { type: "Sequence", normalizers: [NFC, ...(lowercase ? [LOWERCASE] : []), ...more] };
}

/** Puts a model between the steps of its kind. Token ids are places in `tokens`, the special tokens first. */
export function buildTokenizerFile(spec: TokenizerSpec, tokens: readonly string[], merges: [string, string][]): object {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return assemble(SPECIAL_TOKENS.map((token, id) => [token, id]), pipelineOf(spec), buildModel(spec, vocab, merges));
}

/** A byte-pair model as GPT-2 applies it, without normalisation; `end` is its only special token. */
export function buildBytePairFile(vocabulary: Record<string, number>, merges: [string, string][], end: string): object {
  const pipeline = { normalizer: null, pre_tokenizer: BYTE_LEVEL, decoder: BYTE_LEVEL };
  return assemble([[end, vocabulary[end] ?? 0]], pipeline, bytePairs(vocabulary, merges, null));
}

function assemble(special: readonly (readonly [string, number])[], pipeline: Pipeline, model: ModelSection): object {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    ...pipeline,
    post_processor: null,
    model,
  };
}

function buildModel(spec: TokenizerSpec, vocab: Record<string, number>, merges: [string, string][]): ModelSection {
  if (spec.kind === "word" || spec.kind === "symbol") return { type: "WordLevel", vocab, unk_token: "<unk>" };
  // Every byte has a token, so only single characters can be unknown.
  return bytePairs(vocab, merges, spec.kind === "character" ? SPECIAL_TOKENS[UNKNOWN_ID] : null);
}

function bytePairs(vocab: Record<string, number>, merges: [string, string][], unknown: "<unk>" | null): ModelSection {
  return {
    type: "BPE",
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges,
  };
}

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

/** Whether each word between single spaces is tokenized the same alone as in its text, so that words can be cached. */
export function isWordwise(file: TokenizerFile): boolean {
  const steps = { normalizer: file.normalizer, pre_tokenizer: file.pre_tokenizer };
  return WORDWISE_PIPELINES.some(({ normalizer, pre_tokenizer }) =>
    isDeepStrictEqual(steps, { normalizer, pre_tokenizer }),
  );
}

const WORDWISE_PIPELINES: readonly Pipeline[] = [
  ...[false, true].map((lowercase) => pipelineOf({ kind: "word", lowercase, minimumCount: 1 })),
  pipelineOf({ kind: "bpe", lowercase: true, vocabulary: 0 }),
];

const PlainByteLevel = z.object({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.literal(false),
  use_regex: z.literal(true).default(true),
});

/** Whether text is cut by GPT-2's pattern after no more than normalisation to form C, and with which beginning. */
export function byteLevelBeginning(file: TokenizerFile): "" | " " | undefined {
  if (file.model.type !== "BPE" || !PlainByteLevel.safeParse(file.pre_tokenizer).success) return undefined;
  const { normalizer = null } = file;
  if (normalizer === null || isDeepStrictEqual(normalizer, NFC)) return "";
  return isDeepStrictEqual(normalizer, normalizers(false, LEADING_SPACE)) ? " " : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
