import { join } from "node:path";
import { access } from "node:fs/promises";
import { readIndex, totals } from "../../data/shards/shard-index.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { PhraseTranslator } from "../../phrase/run/phrase-translator.ts";
import { RunSampler } from "../../think/sampler/run-sampler.ts";
import type { Sampler } from "../../think/sampler/sampler.ts";
import { writesSymbols } from "../../train/evaluate-run.ts";
import { openRun } from "../../train/open-run.ts";
import { openTextModel } from "../../train/open-text-model.ts";
import { readsReversed } from "../../train/config-model.ts";
import { readSplits, type PairSplits } from "../../train/run-data.ts";
import { RunDirectory } from "../../train/run-directory.ts";
import type { TextTranslator } from "../../train/text-translator.ts";
import { Translator } from "../../train/translator.ts";
import { AuditError } from "../audit-error.ts";
import { TranslatorSampler } from "./translator-sampler.ts";

/** A run as exams see it. */
export interface ExaminedRun {
  readonly path: string;
  /** `model.kind` of its configuration. */
  readonly kind: string;
  /** Pairs that it learned from and held out; `undefined` of a language model. */
  readonly pairs: PairSplits | undefined;
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

/** Opens a run of any kind. @throws as opening it for use does, and DataError where the pairs it learned from are gone */
export async function openExaminedRun(path: string, { checkpoint = "best", threads }: OpenOptions): Promise<ExaminedRun> {
  const isRun = await access(join(path, "checkpoints")).then(() => true, () => false);
  const directory = isRun ? await RunDirectory.open(path) : undefined;
  if (directory === undefined || await directory.isTextRun()) return openLanguageModel(path, directory, { checkpoint, threads });
  if (await directory.isPhraseRun()) return openPhrases(path, directory);
  const run = await openRun(path, { checkpoint });
  const { config, targetTokenizer } = run;
  const used = threads ?? config.engine.threads;
  const pairs = await readSplits(config.data, config.seed);
  const translator = await Translator.of([{ ...run, reverseSource: readsReversed(config.model) }], onnx(used === undefined ? {} : { threads: used }));
  return {
    ...ofTranslator(path, translator, (text) => targetTokenizer.encode(text).length), kind: config.model.kind,
    pairs, examples: pairs.train.length, writesSymbols: writesSymbols(config), draws: true,
  };
}

async function openPhrases(path: string, directory: RunDirectory): Promise<ExaminedRun> {
  const config = await directory.readPhraseConfig();
  const pairs = await readSplits(config.data, config.seed);
  const translator = await PhraseTranslator.open(path);
  return {
    ...ofTranslator(path, translator, (text) => text.split(/\s+/).length), kind: config.model.kind,
    pairs, examples: pairs.train.length, writesSymbols: false, draws: false,
  };
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
  return {
    path, kind: config?.model.kind ?? "language model", pairs: undefined, writesSymbols: false, draws: true,
    examples: config?.data.kind === "shards" ? await countDocuments(config.data.folder) : undefined,
    sampler: (beam) => {
      if (beam !== undefined) throw new AuditError(`${path} is a language model, for which there is no beam; leave the strategy beam out.`);
      return sampler;
    },
    dispose: () => sampler.dispose(),
  };
}

/** Of shards that were written for training; `undefined` where they are gone. */
async function countDocuments(folder: string): Promise<number | undefined> {
  const index = await readIndex(folder);
  return index && totals(index.train).documents;
}
