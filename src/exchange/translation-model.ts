import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeSafetensors, type NamedTensor } from "../data/safetensors.ts";
import { Seq2SeqTransformer } from "../models/seq2seq-transformer.ts";
import type { SpecialIds } from "../text/special-tokens.ts";
import { checkJson, reasonOf } from "./checked-json.ts";
import { readParameters, writeParameters } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { readJsonFile } from "./json-file.ts";
import { isSeq2SeqName, marianConfig, marianIgnored, marianOptions, marianSchema, marianTensors, SEQ2SEQ_NAMES, type MarianConfig } from "./marian.ts";
import { makeModelFolder } from "./model-folder.ts";
import { readTranslationTokenizers, translationTokenizerFiles, type TranslationTokenizer } from "./translation-tokenizers.ts";
import { readWeights } from "./weights.ts";

export interface OpenedTranslationModel {
  readonly model: Seq2SeqTransformer;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Both are `undefined` where the folder has none. */
  readonly sourceTokenizer: TranslationTokenizer | undefined;
  readonly targetTokenizer: TranslationTokenizer | undefined;
  /** The folder's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the decoder reads first. */
  readonly start: number | undefined;
}

/**
 * Opens a folder in the form of Hugging Face with an encoder-decoder of the Marian or Pegasus family.
 *
 * @throws ExchangeError where the architecture is another, or files are missing or do not fit together
 * @throws SafetensorsError where a file of weights breaks its format
 * @throws TokenizerError where there is a tokenizer of a kind that Decade cannot apply
 */
export async function openTranslationModel(folder: string): Promise<OpenedTranslationModel> {
  const path = join(folder, "config.json");
  const config = await readJsonFile(path, z.looseObject({ architectures: z.array(z.string()).default([]) }), "the model's configuration");
  const [name = "(none)"] = config.architectures;
  if (!isSeq2SeqName(name)) {
    throw new ExchangeError(`${path} describes the architecture ${name}, which is no encoder-decoder that Decade has; it has ${SEQ2SEQ_NAMES.join(", ")}.`);
  }
  const checked = checkJson(path, config, marianSchema);
  const model = buildModel(() => new Seq2SeqTransformer(marianOptions(name, checked)), path);
  const { sourceVocabulary, targetVocabulary } = model.options;
  const tokenizers = await readTranslationTokenizers(folder, specialOf(checked), { source: sourceVocabulary, target: targetVocabulary });
  const parameters = readParameters(model, marianTensors(model), await readWeights(folder), folder, marianIgnored);
  return {
    model, parameters, config, start: checked.decoder_start_token_id ?? undefined,
    sourceTokenizer: tokenizers?.source, targetTokenizer: tokenizers?.target,
  };
}

function specialOf({ eos_token_id: ends, pad_token_id: pad, decoder_start_token_id: start }: MarianConfig): Partial<SpecialIds> {
  const [end] = [ends ?? []].flat();
  return {
    ...(end !== undefined && { end }), ...(typeof pad === "number" && pad >= 0 && { pad }), ...(typeof start === "number" && { start }),
  };
}

function buildModel(build: () => Seq2SeqTransformer, path: string): Seq2SeqTransformer {
  try {
    const model = build();
    model.parameters();
    return model;
  } catch (cause) {
    throw new ExchangeError(`${path} describes no model that can be built: ${reasonOf(cause)}`, { cause });
  }
}

/** Whether a folder's config.json names an encoder-decoder that `openTranslationModel` opens. */
export async function isTranslationFolder(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, "config.json"), "utf8").catch(() => "");
  return SEQ2SEQ_NAMES.some((name) => text.includes(`"${name}"`));
}

/**
 * As `openTranslationModel`, for use with texts.
 *
 * @throws ExchangeError where the folder has no tokenizers
 */
export async function openTranslator(folder: string): Promise<TranslationModelContents> {
  const { model, parameters, sourceTokenizer, targetTokenizer } = await openTranslationModel(folder);
  if (sourceTokenizer !== undefined && targetTokenizer !== undefined) return { model, parameters, sourceTokenizer, targetTokenizer };
  throw new ExchangeError(`${folder} has no tokenizers, neither source.spm, target.spm and vocab.json nor tokenizer.json; download the whole folder.`);
}

/** A translator with its weights and its tokenizers. */
export interface TranslationModelContents {
  readonly model: Seq2SeqTransformer;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly sourceTokenizer: TranslationTokenizer;
  readonly targetTokenizer: TranslationTokenizer;
}

/** The most tokens of a text, for which `transformers` makes a table of positions; the model itself has no such bound. */
const CONTEXT = 1024;

/**
 * Writes a folder in the form of Hugging Face, which `transformers` loads. tokenizer.json is the source's; the target's is
 * target-tokenizer.json, where it is another. SentencePiece tokenizers are written as Marian's folders have them.
 *
 * @returns the names of the files
 * @throws ExchangeError where the model is neither Marian's nor Pegasus's, or the folder holds something else
 */
export async function writeTranslationModel(
  folder: string, { model, parameters, sourceTokenizer, targetTokenizer }: TranslationModelContents,
): Promise<string[]> {
  const options = marianConfig(model.options, { context: CONTEXT });
  const whole = new Seq2SeqTransformer({ ...model.options, bias: true });
  whole.parameters();
  const { padId, startId, endId } = targetTokenizer;
  const special = { bos_token_id: startId, eos_token_id: endId, pad_token_id: padId, decoder_start_token_id: startId, forced_eos_token_id: endId };
  const tokenizers = translationTokenizerFiles({ source: sourceTokenizer, target: targetTokenizer }, CONTEXT);
  const descriptions = {
    "generation_config.json": { ...special, max_length: CONTEXT / 2 },
    "config.json": { ...options, ...special, torch_dtype: "float32" },
  };
  await makeModelFolder(folder);
  // Pegasus keeps its waves among its weights.
  const waves = model.options.normalization === "pre" ? positionTables(model.options.dimension) : [];
  await writeSafetensors(join(folder, "model.safetensors"), [...writeParameters(marianTensors(whole), parameters), ...waves], { format: "pt" });
  for (const [name, content] of Object.entries(tokenizers)) await writeFile(join(folder, name), content);
  for (const [name, content] of Object.entries(descriptions)) await writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
  return ["model.safetensors", ...Object.keys(tokenizers), ...Object.keys(descriptions)];
}

/** Sines, then cosines, of position / 10000^(2i / dimension): [CONTEXT, dimension] for either side. */
function positionTables(dimension: number): NamedTensor[] {
  const half = dimension / 2;
  const data = Float32Array.from({ length: CONTEXT * dimension }, (_, at) => {
    const [position, feature] = [Math.floor(at / dimension), at % dimension];
    const angle = position / 10_000 ** ((2 * (feature % half)) / dimension);
    return feature < half ? Math.sin(angle) : Math.cos(angle);
  });
  return ["encoder", "decoder"].map((side) => ({ name: `model.${side}.embed_positions.weight`, dtype: "float32", shape: [CONTEXT, dimension], data }));
}
