import type { Command } from "commander";
import { hash32 } from "../data/shuffle.ts";
import { formatNBest } from "../decode/rescore.ts";
import { isModelFolder } from "../train/translator/open-translation.ts";
import { RunDirectory } from "../train/run/run-directory.ts";
import { PhraseTranslator } from "../phrase/run/phrase-translator.ts";
import type { TextTranslation, TextTranslator } from "../train/translator/text-translator.ts";
import type { NBestOptions } from "../train/translator/translator.ts";
import { CommandError, UsageError } from "./errors.ts";
import { describeExplanation } from "./explain-phrases.ts";
import type { Io } from "./io.ts";
import { isPhraseRun, refuseNetworkFlags, withAnyTranslator } from "./open-translator.ts";
import {
  addModelOptions, jsonOption, nonNegativeInteger, nonNegativeNumber, positiveInteger, positiveNumber, type ModelFlags,
} from "./options.ts";
import { ProgressLine, translationProgress } from "./progress.ts";
import { linesInPortions, readPairFile, type LinePortion } from "./text-input.ts";

interface TranslateFlags extends ModelFlags {
  readonly beam?: number;
  readonly nBest?: number;
  readonly lengthPenalty: number;
  readonly alignments?: boolean;
  readonly replaceUnknown?: true | string;
  readonly phrases?: boolean;
  readonly sample?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Lines that are translated between two prints. */
const PORTION = 256;

export function addTranslate(program: Command, io: Io): void {
  const command = program.command("translate")
    .description("write an output for each line of a file or of standard input")
    .argument("<run>", "folder of a trained run, or of a translator of Hugging Face (Marian, Pegasus)")
    .argument("[file]", "text, one sentence a line, gzipped where it ends in .gz; - is standard input", "-")
    .option("--beam <size>", "partial translations that are followed at once; 1 is greedy (default: 5; 200 for a phrase-based translator)", positiveInteger)
    .option("--n-best <count>", "translations of each sentence, as `number ||| text ||| logprob= … ||| score`", positiveInteger)
    .option("--length-penalty <alpha>", "length normalisation of Wu et al. 2016", nonNegativeNumber, 0)
    .option("--alignments", "add which source token each token looked at most, as `source-target`")
    .option("--replace-unknown [dictionary]", "replace unknown tokens by the source word they align with, or by its entry in a TSV file")
    .option("--phrases", "of a phrase-based translator: the phrases that each sentence was translated by, and which of its phrases the table holds")
    .option("--sample", "draw at random instead of searching")
    .option("--temperature <t>", "below 1 sharpens the distribution, above 1 flattens it (default: 1)", positiveNumber)
    .option("--top-k <count>", "draw among the likeliest tokens only", positiveInteger)
    .option("--seed <number>", "of the draws (default: 1)", nonNegativeInteger);
  addModelOptions(command).addOption(jsonOption()).action((run: string, file: string, flags: TranslateFlags) => runTranslate(run, file, flags, io));
}

async function runTranslate(run: string, file: string, flags: TranslateFlags, io: Io): Promise<void> {
  checkFlags(flags);
  if (await isPhraseRun(run)) checkPhraseFlags(run, flags);
  else await checkNetworkFlags(run, flags);
  if (flags.phrases) return explain(run, file, flags, io);
  const options = await searchOptions(flags);
  const all: { readonly source: string; readonly translations: readonly TextTranslation[] }[] = [];
  await withAnyTranslator(run, flags, (translator) => translateLines(translator, file, options, io, (lists, { lines, first }) => {
    if (flags.json) all.push(...lines.map((source, at) => ({ source, translations: lists[at] ?? [] })));
    else lists.forEach((translations, at) => io.out(printed(translations, first + at, flags)));
  }));
  if (!flags.json) return;
  const translations = all.map(({ source, translations: list }) => (
    flags.nBest === undefined ? { source, ...list[0] } : { source, nBest: list }));
  io.out(`${JSON.stringify({ translations })}\n`);
}

/** Translates a file in portions, shows how far it is, and gives each portion away. */
async function translateLines(
  translator: TextTranslator, file: string, options: NBestOptions, io: Io,
  give: (lists: readonly (readonly TextTranslation[])[], portion: LinePortion) => void,
): Promise<void> {
  const line = new ProgressLine(io);
  const { onProgress, onToken } = translationProgress(line, 0);
  try {
    for await (const portion of linesInPortions(file, PORTION)) {
      const { lines, first, total } = portion;
      onProgress(first, total);
      const lists = await translator.translateNBest(lines, { ...seeded(options, first), onToken, onProgress: (done) => onProgress(first + done, total) });
      line.clear();
      give(lists, portion);
    }
  } finally {
    line.close();
  }
}

/** Prints the phrases that sentences are translated by. */
async function explain(run: string, file: string, { beam, json }: TranslateFlags, io: Io): Promise<void> {
  const translator = await PhraseTranslator.open(run);
  const explanations: object[] = [];
  const line = new ProgressLine(io);
  const progress = line.counter("sentences");
  for await (const { lines, first, total } of linesInPortions(file, PORTION)) {
    for (const [at, sentence] of lines.entries()) {
      progress(first + at, total);
      const explanation = translator.explain(sentence, beam === undefined ? {} : { beam });
      if (!json) line.clear();
      if (json) explanations.push({ ...explanation, source: sentence, words: explanation.source });
      else io.out(`${describeExplanation(explanation)}\n`);
    }
  }
  line.close();
  if (json) io.out(`${JSON.stringify({ sentences: explanations })}\n`);
}

async function hasAttention(run: string): Promise<boolean> {
  if (await isModelFolder(run)) return true;
  const { model } = await (await RunDirectory.open(run)).readConfig();
  return model.kind !== "seq2seq-lstm" || model.attention !== "none";
}

function checkFlags({ beam, sample, temperature, topK, seed, lengthPenalty }: TranslateFlags): void {
  if (!sample && (temperature !== undefined || topK !== undefined || seed !== undefined)) {
    throw new UsageError("--temperature, --top-k and --seed are about draws; add --sample.");
  }
  if (sample && beam !== undefined) throw new UsageError("--beam searches and --sample draws; leave one out.");
  if (sample && lengthPenalty !== 0) throw new UsageError("--sample draws translations and does not rank them by length; leave --length-penalty out.");
}

function checkPhraseFlags(run: string, { lengthPenalty, alignments, replaceUnknown, sample, phrases, nBest }: TranslateFlags): void {
  refuseNetworkFlags(run, {
    "--length-penalty": lengthPenalty === 0 ? undefined : lengthPenalty, "--alignments": alignments, "--replace-unknown": replaceUnknown, "--sample": sample,
  });
  if (phrases && nBest !== undefined) throw new UsageError("--phrases shows the best translation; leave --n-best out.");
}

async function checkNetworkFlags(run: string, { beam, nBest, phrases, alignments, replaceUnknown }: TranslateFlags): Promise<void> {
  if (beam !== undefined && nBest !== undefined && nBest > beam) {
    throw new UsageError(`--n-best ${nBest} needs a beam of at least ${nBest}, but --beam is ${beam}.`);
  }
  if (phrases) throw new UsageError(`--phrases is about phrase-based translators, but ${run} is a network; leave it out.`);
  if ((alignments || replaceUnknown !== undefined) && !(await hasAttention(run))) {
    throw new CommandError(`The model of ${run} has no attention, so its outputs have no alignments; train one with model.attention.`);
  }
}

async function searchOptions(flags: TranslateFlags): Promise<NBestOptions> {
  const { beam, nBest = 1, lengthPenalty, alignments = false, sample, temperature, topK, seed = 1, replaceUnknown } = flags;
  return {
    nBest, lengthPenalty, alignments,
    ...(beam === undefined ? {} : { beam }),
    ...(replaceUnknown === undefined ? {} : { replaceUnknown: replaceUnknown === true || await readDictionary(replaceUnknown) }),
    ...(sample ? { sample: { seed, ...(temperature === undefined ? {} : { temperature }), ...(topK === undefined ? {} : { topK }) } } : {}),
  };
}

async function readDictionary(file: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await readPairFile(file)).map(({ source, target }) => [source, target]));
}

/** Each portion draws from numbers of its own. */
function seeded(options: NBestOptions, firstLine: number): NBestOptions {
  const { sample } = options;
  return sample === undefined || firstLine === 0 ? options : { ...options, sample: { ...sample, seed: hash32(sample.seed, firstLine) } };
}

function printed(translations: readonly TextTranslation[], sentence: number, { nBest, alignments }: TranslateFlags): string {
  return translations.map((translation) => {
    const { text, score } = translation;
    const line = text.replace(/[\r\n]+/g, " ");
    const pairs = alignments ? [hardAlignment(translation)] : [];
    if (nBest === undefined) return `${[line, ...pairs].join(" ||| ")}\n`;
    const entry = { sentence, hypothesis: line, score, features: featuresOf(translation), extra: pairs };
    return `${formatNBest([entry], "moses").join("\n")}\n`;
  }).join("");
}

/** Moses' feature column: names and values. */
function featuresOf({ logProbability, features = { logprob: logProbability ?? NaN } }: TextTranslation): string {
  return Object.entries(features).map(([name, value]) => `${name}= ${value}`).join(" ");
}

/** For each token the source token with most weight: `0-0 2-1`. Tokens that look at the source's end are left out. */
function hardAlignment({ alignment = [] }: TextTranslation): string {
  return alignment.flatMap((row, token) => {
    const largest = row.reduce((best, weight, at) => (weight > (row[best] ?? -Infinity) ? at : best), 0);
    return largest === row.length - 1 ? [] : [`${largest}-${token}`];
  }).join(" ");
}
