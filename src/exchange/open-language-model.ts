import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Gpt } from "../models/gpt.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import { DECODER_NAMES, readArchitecture } from "./architecture.ts";
import { specialIdsSchema } from "./config-fields.ts";
import { readParameters } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { readJsonFile } from "./json-file.ts";
import { frameOf, namedTokens, type FoundFrame } from "./text-frame.ts";
import { readWeights } from "./weights.ts";

export interface OpenedLanguageModel extends FoundFrame<Tokenizer> {
  readonly model: Gpt;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** The folder's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Whether a folder's config.json names a language model that Decade has. */
export async function isLanguageModelFolder(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "config.json"), "utf8").catch(() => "");
  return DECODER_NAMES.some((name) => text.includes(`"${name}"`));
}

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
  const named = namedTokens(path, config, await readGenerationConfig(folder));
  const tokenizer = await Tokenizer.load(folder, named.special);
  const frame = frameOf(tokenizer, tokenizer.toJson(), named, model.vocabulary, folder);
  const tensors = await readWeights(folder);
  const parameters = readParameters(model, architecture.correspondences(model, tensors), tensors, folder, architecture.ignored);
  return { model, parameters, config, ...frame };
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

async function readGenerationConfig(folder: string): Promise<z.output<typeof specialIdsSchema> | undefined> {
  const path = join(folder, "generation_config.json");
  return access(path).then(() => readJsonFile(path, specialIdsSchema, "how the model generates"), () => undefined);
}
