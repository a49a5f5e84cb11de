import { join } from "node:path";
import { access } from "node:fs/promises";
import { holdOut, readCompletions } from "../../data/completions/completions.ts";
import { DataError } from "../../data/data-error.ts";
import { readIndex, totals } from "../../data/shards/shard-index.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { PhraseTranslator } from "../../phrase/run/phrase-translator.ts";
import { RunSampler } from "../../think/sampler/run-sampler.ts";
import type { Sampler } from "../../think/sampler/sampler.ts";
import type { RunConfig } from "../../train/config/config.ts";
import type { TextRunConfig } from "../../train/config/text.ts";
import { writesSymbols } from "../../train/evaluate/evaluate-run.ts";
import { openRun } from "../../train/run/open-run.ts";
import { openTextModel } from "../../train/run/open-text-model.ts";
import { readsReversed } from "../../train/config/model.ts";
import { readSplits, type PairSplits } from "../../train/run/run-data.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import type { TextTranslator } from "../../train/translator/text-translator.ts";
import { Translator } from "../../train/translator/translator.ts";
import { AuditError } from "../audit-error.ts";
import { TranslatorSampler } from "./translator-sampler.ts";

/** A run as exams see it. */
export interface ExaminedRun {
  readonly path: string;
  /** `model.kind` of its configuration. */
  readonly kind: string;
  /** Pairs that it learned from and held out; `undefined` of a language model. */
  readonly pairs: PairSplits | undefined;
  /** Sources of the pairs, or prompts, that it learned from; `undefined` where that is not known. */
  readonly learned: readonly string[] | undefined;
  /** Whether its outputs are sequences of symbols, right or wrong as a whole, and not text. */
  readonly writesSymbols: boolean;
  /** What it was given to learn from: pairs, or documents; `undefined` where that is not known. */
  readonly examples: number | undefined;
  /** With a beam, for models that read one sequence and write another, the likeliest answer is searched for with it. */
  sampler(beam?: number): Sampler;
  /** Whether answers can be drawn at random. */
  readonly draws: boolean;
  dispose(): Promise<void>;
}

export interface OpenOptions {
  readonly checkpoint?: string | undefined;
  readonly threads?: number | undefined;
}

/** Opens a run of any kind. @throws as opening it for use does, and AuditError where the pairs it learned from are gone */
export async function openExaminedRun(path: string, { checkpoint = "best", threads }: OpenOptions): Promise<ExaminedRun> {
  const isRun = await access(join(path, "checkpoints")).then(() => true, () => false);
  const directory = isRun ? await RunDirectory.open(path) : undefined;
  if (directory === undefined || await directory.isTextRun()) return openLanguageModel(path, directory, { checkpoint, threads });
  if (await directory.isPhraseRun()) return openPhrases(path, directory);
  const run = await openRun(path, { checkpoint });
  const { config, targetTokenizer } = run;
  const used = threads ?? config.engine.threads;
  const pairs = await readPairsOf(path, config);
  const translator = await Translator.of([{ ...run, reverseSource: readsReversed(config.model) }], onnx(used === undefined ? {} : { threads: used }));
  return {
    ...ofTranslator(path, translator, (text) => targetTokenizer.encode(text).length), kind: config.model.kind,
    ...learnedOf(pairs), writesSymbols: writesSymbols(config), draws: true,
  };
}

async function openPhrases(path: string, directory: RunDirectory): Promise<ExaminedRun> {
  const config = await directory.readPhraseConfig();
  const pairs = await readPairsOf(path, config);
  const translator = await PhraseTranslator.open(path);
  return {
    ...ofTranslator(path, translator, (text) => text.split(/\s+/).length), kind: config.model.kind,
    ...learnedOf(pairs), writesSymbols: false, draws: false,
  };
}

async function readPairsOf(path: string, { data, seed }: Pick<RunConfig, "data" | "seed">): Promise<PairSplits> {
  try {
    return await readSplits(data, seed);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new AuditError(`What is far from the training of ${path} cannot be told without the pairs that it learned from: ${error.message}`, { cause: error });
  }
}

function learnedOf(pairs: PairSplits): Pick<ExaminedRun, "pairs" | "learned" | "examples"> {
  return { pairs, learned: pairs.train.map(({ source }) => source), examples: pairs.train.length };
}

function ofTranslator(path: string, translator: TextTranslator, countTokens: (text: string) => number): Pick<ExaminedRun, "path" | "sampler" | "dispose"> {
  return {
    path,
    sampler: (beam) => new TranslatorSampler(path, translator, { countTokens, ...(beam !== undefined && { beam }) }),
    dispose: () => translator.dispose(),
  };
}

async function openLanguageModel(path: string, directory: RunDirectory | undefined, { checkpoint, threads }: OpenOptions): Promise<ExaminedRun> {
  const config = await directory?.readTextConfig();
  const sampler = new RunSampler(path, await openTextModel(path, { checkpoint: checkpoint ?? "best" }), onnx(threads === undefined ? {} : { threads }));
  const learned = config && await learnedPrompts(config.data);
  return {
    path, kind: config?.model.kind ?? "language model", pairs: undefined, learned, writesSymbols: false, draws: true,
    examples: learned?.length ?? (config?.data.kind === "shards" ? await countDocuments(config.data.folder) : undefined),
    sampler: (beam) => {
      if (beam !== undefined) throw new AuditError(`${path} is a language model, for which there is no beam; leave the strategy beam out.`);
      return sampler;
    },
    dispose: () => sampler.dispose(),
  };
}

/** What completions followed in training; `undefined` of running text, and where the files are gone. */
async function learnedPrompts(data: TextRunConfig["data"]): Promise<readonly string[] | undefined> {
  if (data.kind !== "completions") return undefined;
  const examples = await readCompletions(data.files, data).catch((error: unknown) => {
    if (error instanceof DataError) return undefined;
    throw error;
  });
  return examples && holdOut(examples, data.validation).train.map(({ prompt }) => prompt);
}

/** Of shards that were written for training; `undefined` where they are gone. */
async function countDocuments(folder: string): Promise<number | undefined> {
  const index = await readIndex(folder);
  return index && totals(index.train).documents;
}
