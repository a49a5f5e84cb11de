import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors, type NamedTensor } from "../data/safetensors.ts";
import { Gpt } from "../models/gpt.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { writeParameters } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { fitsGpt2, gpt2Config, gpt2Tensors } from "./gpt2.ts";
import { fitsLlama, llamaConfig, llamaTensors } from "./llama.ts";
import { makeModelFolder } from "./model-folder.ts";

/** A language model with its weights and its tokenizer. */
export interface LanguageModelContents {
  readonly model: Gpt;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly tokenizer: Tokenizer;
  /** What is read before an empty text; the tokenizer's start by default. */
  readonly start?: number;
  /** Tokens that end a text; the tokenizer's end by default. */
  readonly ends?: readonly number[];
}

/**
 * Writes a folder in the form of Hugging Face, which `transformers` loads: config.json, generation_config.json,
 * model.safetensors, tokenizer.json and tokenizer_config.json. Files of these names that are there are replaced.
 *
 * @returns the names of the files
 * @throws ExchangeError where the model is neither GPT-2's nor Llama's, or the folder holds something else
 */
export async function writeLanguageModel(folder: string, contents: LanguageModelContents): Promise<string[]> {
  const { model, parameters } = contents;
  const tensors = tensorsOf(model, parameters);
  await makeModelFolder(folder);
  await writeSafetensors(join(folder, "model.safetensors"), tensors, { format: "pt" });
  return ["model.safetensors", ...await writeDescription(folder, contents)];
}

/** Everything of such a folder but the weights. config.json comes last, so that a folder that was cut short is not taken for a whole one. */
export async function writeDescription(folder: string, { model, tokenizer, start = tokenizer.startId, ends = [] }: LanguageModelContents): Promise<string[]> {
  const special = { bos_token_id: start, eos_token_id: tokenizer.endId, pad_token_id: tokenizer.padId };
  const files = {
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: tokenizer.token(start), eos_token: tokenizer.token(tokenizer.endId),
      unk_token: tokenizer.token(tokenizer.unknownId), pad_token: tokenizer.token(tokenizer.padId),
      model_max_length: model.context, clean_up_tokenization_spaces: false,
    },
    "generation_config.json": { ...special, ...(ends.length > 1 && { eos_token_id: ends }) },
    "config.json": { ...configOf(model), ...special, torch_dtype: "float32" },
  };
  await writeFile(join(folder, "tokenizer.json"), tokenizer.toJson());
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
  return ["tokenizer.json", ...Object.keys(files)];
}

function configOf({ options }: Gpt): Record<string, unknown> {
  return fitsGpt2(options) ? gpt2Config(options) : llamaConfig(options);
}

function tensorsOf(model: Gpt, parameters: ReadonlyMap<string, Float32Array>): NamedTensor[] {
  const { options } = model;
  const { bias } = options;
  model.parameters();
  if (fitsLlama(options)) return writeParameters(llamaTensors(model, { inward: bias, outward: bias, feedForward: bias }), parameters);
  if (!fitsGpt2(options)) {
    throw new ExchangeError(`Hugging Face has no model like this one, with ${options.normalization} norms, ${options.positions} positions and the activation `
      + `${options.activation}; it has GPT-2 (layer norms, learned positions, gelu or relu) and Llama (RMS norms, rotary positions, swiglu).`);
  }
  const whole = new Gpt({ ...options, bias: true });
  whole.parameters();
  return writeParameters(gpt2Tensors(whole), parameters);
}
