/** How a Hugging Face folder frames texts: which special tokens there are, what every text begins with and what ends one. */
import { z } from "zod";
import type { TextFrame } from "../decode/language/generator.ts";
import type { AppliedTokenizer } from "../text/applied-tokenizer.ts";
import type { SpecialIds } from "../text/special-tokens.ts";
import { checkJson } from "./checked-json.ts";
import { specialIdsSchema } from "./config-fields.ts";
import { ExchangeError } from "./exchange-error.ts";

export interface NamedTokens {
  readonly special: Partial<SpecialIds>;
  /** Tokens that end a text; empty where none is named. */
  readonly ends: readonly number[];
}

/**
 * Special tokens as config.json names them; what ends a text, as generation_config.json does where there is one.
 *
 * @param path of config.json, for errors
 * @throws ExchangeError where a token is no id
 */
export function namedTokens(path: string, config: unknown, generation?: z.output<typeof specialIdsSchema>): NamedTokens {
  const given = checkJson(path, config, specialIdsSchema);
  const ends = [generation?.eos_token_id ?? given.eos_token_id ?? []].flat();
  const [end] = ends;
  const { bos_token_id: start, pad_token_id: pad } = given;
  return {
    special: { ...(typeof start === "number" && { start }), ...(end !== undefined && { end }), ...(typeof pad === "number" && pad >= 0 && { pad }) },
    ends,
  };
}

export interface FoundFrame<Kind extends AppliedTokenizer> extends TextFrame {
  readonly tokenizer: Kind;
  /** `<s>` for Llama, nothing for GPT-2. */
  readonly beginning: readonly number[];
  readonly ends: readonly number[];
}

/** A vocabulary's last rows may be there only to round its size up; no model in use has more than this share of them. */
const LARGEST_SHARE_UNUSED = 0.02;

/**
 * The frame of texts with this tokenizer, whose tokenizer.json says what every text begins with.
 *
 * @param rows of the model's vocabulary
 * @throws ExchangeError where tokenizer and model do not belong together
 */
export function frameOf<Kind extends AppliedTokenizer>(
  tokenizer: Kind, json: string, { special, ends }: NamedTokens, rows: number, folder: string,
): FoundFrame<Kind> {
  requireVocabulary(tokenizer, rows, [...Object.values(special), ...ends], folder);
  return { tokenizer, beginning: beginningOf(tokenizer, json), ends: ends.length > 0 ? ends : [tokenizer.endId] };
}

function requireVocabulary({ size }: AppliedTokenizer, rows: number, special: readonly number[], folder: string): void {
  if (size > rows || size < rows * (1 - LARGEST_SHARE_UNUSED)) {
    throw new ExchangeError(`The tokenizer in ${folder} has ${size} tokens, but the model's vocabulary has ${rows}; they belong to different models.`);
  }
  const outside = special.find((id) => id >= size);
  if (outside !== undefined) {
    throw new ExchangeError(`config.json in ${folder} names the special token ${outside}, but its tokenizer has ids 0 to ${size - 1}; they belong to different models.`);
  }
}

const template = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(z.union([z.object({ SpecialToken: z.looseObject({ id: z.string() }) }), z.object({ Sequence: z.unknown() })])),
});
const postProcessor = z.union([
  template, z.looseObject({ type: z.literal("Sequence"), processors: z.array(z.unknown()) }),
]);

/** What the tokenizer's post-processor puts before a text. */
function beginningOf(tokenizer: AppliedTokenizer, json: string): number[] {
  const file = z.looseObject({ post_processor: z.unknown() }).parse(JSON.parse(json));
  const parsed = postProcessor.safeParse(file.post_processor);
  if (!parsed.success) return [];
  const processors = parsed.data.type === "Sequence" ? parsed.data.processors : [parsed.data];
  return processors.flatMap((processor) => {
    const { data } = template.safeParse(processor);
    const items = data?.single ?? [];
    const text = items.findIndex((item) => "Sequence" in item);
    return items.slice(0, Math.max(0, text)).flatMap((item) => ("SpecialToken" in item ? tokenizer.id(item.SpecialToken.id) ?? [] : []));
  });
}
