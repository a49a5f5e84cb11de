import { access } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Gpt } from "../models/gpt.ts";
import type { SpecialIds } from "../text/special-tokens.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import { readArchitecture } from "./architecture.ts";
import { specialIdsSchema } from "./config-fields.ts";
import { readParameters } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { checkJson, readJsonFile } from "./json-file.ts";
import { readWeights } from "./weights.ts";

export interface OpenedLanguageModel {
  readonly model: Gpt;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly tokenizer: Tokenizer;
  /** The folder's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tokens that every text begins with: `<s>` for Llama, none for GPT-2. */
  readonly beginning: readonly number[];
  /** Tokens that end a text. */
  readonly ends: readonly number[];
}

/** A vocabulary's last rows may be there only to round its size up; no model in use has more than this share of them. */
const LARGEST_SHARE_UNUSED = 0.02;

/**
 * Opens a folder in the form of Hugging Face (config.json, model.safetensors or several and their index, tokenizer.json)
 * with a language model of the GPT-2 or Llama family.
 *
 *     const { model, parameters, tokenizer } = await openLanguageModel("gpt2");
 *
 * @throws ExchangeError where the architecture is not one that Decade has, or files are missing or do not fit together
 * @throws SafetensorsError where a file of weights breaks its format
 * @throws TokenizerError where the tokenizer is missing or of a kind that Decade cannot apply
 */
export async function openLanguageModel(folder: string): Promise<OpenedLanguageModel> {
  const path = join(folder, "config.json");
  const config = await readJsonFile(path, z.record(z.string(), z.unknown()), "the model's configuration");
  const architecture = readArchitecture(config, path);
  const model = buildModel(architecture.options, path);
  const { special, ends } = await readSpecialIds(folder, config, path);
  const tokenizer = await Tokenizer.load(folder, special);
  requireVocabulary(tokenizer, model.vocabulary, [...Object.values(special), ...ends], folder);
  const tensors = await readWeights(folder);
  const parameters = readParameters(model, architecture.correspondences(model, tensors), tensors, folder, architecture.ignored);
  return { model, parameters, tokenizer, config, beginning: beginningOf(tokenizer), ends: ends.length > 0 ? ends : [tokenizer.endId] };
}

function buildModel(options: Gpt["options"], path: string): Gpt {
  try {
    const model = new Gpt(options);
    model.parameters();
    return model;
  } catch (cause) {
    throw new ExchangeError(`${path} describes no model that can be built: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Special tokens as config.json names them; what ends a text, as generation_config.json does where there is one. */
async function readSpecialIds(folder: string, config: unknown, path: string): Promise<{ special: Partial<SpecialIds>; ends: number[] }> {
  const generation = join(folder, "generation_config.json");
  const given = checkJson(path, config, specialIdsSchema);
  const wanted = await access(generation).then(() => readJsonFile(generation, specialIdsSchema, "how the model generates"), () => given);
  const ends = [wanted.eos_token_id ?? given.eos_token_id ?? []].flat();
  const [end] = ends;
  const { bos_token_id: start, pad_token_id: pad } = given;
  return {
    special: { ...(typeof start === "number" && { start }), ...(end !== undefined && { end }), ...(typeof pad === "number" && pad >= 0 && { pad }) },
    ends,
  };
}

function requireVocabulary(tokenizer: Tokenizer, rows: number, special: readonly number[], folder: string): void {
  const { size } = tokenizer;
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
function beginningOf(tokenizer: Tokenizer): number[] {
  const file = z.looseObject({ post_processor: z.unknown() }).parse(JSON.parse(tokenizer.toJson()));
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
