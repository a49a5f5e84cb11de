/** What a model consists of, counted without making its weights. */
import { access } from "node:fs/promises";
import { TokenShards } from "../../data/shards/token-shards.ts";
import { openModelFolder } from "../../exchange/open-model-folder.ts";
import { isTranslationFolder, openTranslator } from "../../exchange/translation-model.ts";
import { Module, Parameter } from "../../nn/module.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { resolveRun, type RunConfig, type RunInput, type TokenizerSpec } from "../config/config.ts";
import type { LanguageModelConfig } from "../config/language-model.ts";
import { resolveTextRun, type TextRunConfig, type TextRunInput } from "../config/text.ts";
import { buildLanguageModel } from "./open-text-run.ts";
import { buildModel, isJoint, loadTokenizers } from "./open-run.ts";
import { readSplits } from "./run-data.ts";
import { RunDirectory } from "./run-directory.ts";
import { tokenizerOf } from "../text-data.ts";

export interface LayerSummary {
  /** Path within the model: `encoder.0`. */
  readonly name: string;
  /** `embedding`, `lstm`, `bidirectional-lstm`, `attention`, `output`. */
  readonly kind: string;
  /** Numbers that this layer adds: what it shares with an earlier one is counted there. */
  readonly parameters: number;
  /** Those of them that the paper counts as recurrent: the LSTM layers' weights without their biases. */
  readonly recurrentParameters: number;
  /** Shape of each array by its name within the layer. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

export interface ModelSummary {
  readonly parameters: number;
  readonly recurrentParameters: number;
  readonly layers: readonly LayerSummary[];
  /** Tokens of each side, the special ones counted. */
  readonly vocabulary: { readonly source: number; readonly target: number };
}

/**
 * Counts the parameters of the model that a configuration describes. Where a vocabulary's size follows from the data,
 * the data is read; where it is bounded and the data is absent, the bound is taken.
 *
 * @throws ConfigError, DataError
 */
export async function inspectConfig(input: RunInput | RunConfig): Promise<ModelSummary> {
  const config = resolveRun(input);
  return summarize(config, await vocabularySizes(config));
}

/** The same for a language model. @throws ConfigError, DataError */
export async function inspectTextConfig(input: TextRunInput | TextRunConfig): Promise<ModelSummary> {
  const config = resolveTextRun(input);
  return summarizeText(config.model, await textVocabularySize(config));
}

/** Counts the parameters of a run's model. @throws RunDirectoryError, TokenizerError */
export async function inspectRun(path: string): Promise<ModelSummary> {
  const directory = await RunDirectory.open(path);
  if (await directory.isTextRun()) {
    const { size } = await Tokenizer.load(directory.tokenizerFile());
    return summarizeText((await directory.readLanguageConfig()).model, size);
  }
  const config = await directory.readConfig();
  const { source, target } = await loadTokenizers(directory, config);
  return summarize(config, { source: source.size, target: target.size });
}

/** The same for a model in the form of Hugging Face, a language model or a translator. @throws ExchangeError */
export async function inspectModelFolder(path: string): Promise<ModelSummary> {
  if (await isTranslationFolder(path)) {
    const { model } = await openTranslator(path);
    return summarizeModel(model, { source: model.options.sourceVocabulary, target: model.options.targetVocabulary });
  }
  const { model } = await openModelFolder(path);
  return summarizeModel(model, { source: model.options.vocabulary, target: model.options.vocabulary });
}

function summarize(config: RunConfig, vocabulary: ModelSummary["vocabulary"]): ModelSummary {
  return summarizeModel(buildModel(config.model, vocabulary.source, vocabulary.target), vocabulary);
}

function summarizeText(model: LanguageModelConfig, vocabulary: number): ModelSummary {
  return summarizeModel(buildLanguageModel(model, vocabulary), { source: vocabulary, target: vocabulary });
}

function summarizeModel(model: Module & { recurrentParameters?(): Parameter[] }, vocabulary: ModelSummary["vocabulary"]): ModelSummary {
  const parameters = model.parameters();
  const recurrent = new Set(model.recurrentParameters?.() ?? []);
  return {
    parameters: sizeOf(parameters),
    recurrentParameters: sizeOf([...recurrent]),
    layers: layersOf(model, recurrent),
    vocabulary,
  };
}

/** The model's parts in the order of its fields; arrays that belong to the model itself make up its output layer. */
function layersOf(model: Module, recurrent: ReadonlySet<Parameter>): LayerSummary[] {
  const counted = new Set<Parameter>();
  const summary = (name: string, kind: string, named: readonly (readonly [string, Parameter])[]): LayerSummary[] => {
    const own = named.map(([, parameter]) => parameter).filter((parameter) => !counted.has(parameter));
    own.forEach((parameter) => counted.add(parameter));
    if (named.length === 0) return [];
    return [{
      name, kind, parameters: sizeOf(own), recurrentParameters: sizeOf(own.filter((parameter) => recurrent.has(parameter))),
      shapes: Object.fromEntries(named.map(([path, { shape }]) => [path, shape])),
    }];
  };
  const fields = Object.entries(model).flatMap(([name, value]: [string, unknown]) => (
    Array.isArray(value) ? value.map((item: unknown, at) => [`${name}.${at}`, item] as const) : [[name, value] as const]));
  const parts = fields.flatMap(([name, part]) => (
    part instanceof Module ? summary(name, kindOf(part), namedParameters(part, "")) : []));
  const output = fields.flatMap(([name, part]) => (part instanceof Parameter ? [[name, part] as const] : []));
  return [...parts, ...summary("output", "output", output)];
}

function namedParameters(module: Module, prefix: string): (readonly [string, Parameter])[] {
  return Object.entries(module).flatMap(([name, value]: [string, unknown]) => {
    if (value instanceof Parameter) return [[`${prefix}${name}`, value] as const];
    return value instanceof Module ? namedParameters(value, `${prefix}${name}.`) : [];
  });
}

/** `BidirectionalLstm` as `bidirectional-lstm`. */
function kindOf(module: Module): string {
  return module.constructor.name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}

function sizeOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
}

async function vocabularySizes(config: RunConfig): Promise<ModelSummary["vocabulary"]> {
  const { tokenizer } = config;
  const specs = "kind" in tokenizer ? { source: tokenizer, target: tokenizer } : tokenizer;
  const bounds = { source: boundOf(specs.source), target: boundOf(specs.target) };
  const settled = [specs.source, specs.target].every(({ kind }) => kind === "bpe") || !(await hasData(config));
  if (settled && bounds.source !== undefined && bounds.target !== undefined) return { source: bounds.source, target: bounds.target };
  const { train } = await readSplits(config.data, config.seed);
  const [sources, targets] = [train.map(({ source }) => source), train.map(({ target }) => target)];
  if (isJoint(config)) {
    const { size } = await Tokenizer.train(specs.source, [...sources, ...targets]);
    return { source: size, target: size };
  }
  return { source: (await Tokenizer.train(specs.source, sources)).size, target: (await Tokenizer.train(specs.target, targets)).size };
}

async function textVocabularySize({ data, tokenizer }: TextRunConfig): Promise<number> {
  if (data.kind === "shards") return (await TokenShards.open(data.folder)).vocabulary;
  if (data.kind === "mixture") return (await TokenShards.open(data.parts[0]?.folder ?? "")).vocabulary;
  const bound = tokenizer && boundOf(tokenizer);
  if (tokenizer?.kind === "bpe" && bound !== undefined) return bound;
  return (await tokenizerOf(data, tokenizer)).size;
}

/** The most tokens that a tokenizer may have. Byte pairs always have as many. */
function boundOf(spec: TokenizerSpec): number | undefined {
  switch (spec.kind) {
    case "bpe":
      return spec.vocabulary;
    case "word":
      return spec.maximumVocabulary;
    case "character":
    case "symbol":
      return undefined;
    default:
      return spec satisfies never;
  }
}

async function hasData({ data }: RunConfig): Promise<boolean> {
  const files = data.kind === "parallel" ? [data.source, data.target] : data.kind === "dictionary" ? [] : [data.file];
  const found = await Promise.all(files.map((file) => access(file).then(() => true, () => false)));
  return found.every(Boolean);
}
