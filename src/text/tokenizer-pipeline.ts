import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { TokenizerFile } from "./tokenizer-file.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";

const NFC = { type: "NFC" };
const LOWERCASE = { type: "Lowercase" };
/** Gives the first word of a text the same leading space that the others have. */
const LEADING_SPACE = { type: "Prepend", prepend: " " };
export const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** The steps around the model: text → `normalizer` → `pre_tokenizer` → pieces, and tokens → `decoder` → text. */
export interface Pipeline {
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
