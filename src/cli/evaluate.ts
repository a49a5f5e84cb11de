import { join } from "node:path";
import { Option, type Command } from "commander";
import { DataError } from "../data/data-error.ts";
import type { Pair } from "../data/source.ts";
import { readLines } from "../data/text-file.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { isLanguageModelFolder } from "../exchange/open-language-model.ts";
import { bleuTokenizers, type BleuTokenizer } from "../metrics/bleu-tokenizers.ts";
import type { RunConfig } from "../train/config/config.ts";
import { evaluateSymbols, evaluateText as evaluateTranslations, writesSymbols, type SymbolQuality, type TextQuality } from "../train/evaluate/evaluate-run.ts";
import { evaluateHeldOut, evaluateLanguageModel, type LanguageQuality } from "../train/evaluate/evaluate-text.ts";
import type { MappedSentence } from "../train/evaluate/evaluate-figures.ts";
import { openTextModel } from "../train/run/open-text-model.ts";
import { isModelFolder } from "../train/translator/open-translation.ts";
import { readSplits } from "../train/run/run-data.ts";
import { RunDirectory } from "../train/run/run-directory.ts";
import type { Translator } from "../train/translator/translator.ts";
import { CommandError, UsageError } from "./errors.ts";
import { evaluateChoices, type ChoiceFlags } from "./evaluate-choices.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { prepareOutputs } from "./output-files.ts";
import { isPhraseRun, refuseFlags, refuseNetworkFlags, withAnyTranslator } from "./open-translator.ts";
import { addModelOptions, jsonOption, nonNegativeNumber, positiveInteger, withTranslator } from "./options.ts";
import { ProgressLine, translationProgress } from "./progress.ts";
import { readPairFile, readParallel, readWholeText } from "./text-input.ts";
import { noteUnknown } from "./unknown-text.ts";

interface EvaluateFlags extends ChoiceFlags {
  readonly text?: string;
  readonly choices?: string;
  readonly data?: string;
  readonly source?: string;
  readonly reference?: string;
  readonly lowercase?: boolean;
  readonly tokenize: BleuTokenizer;
  readonly beam?: number;
  readonly lengthPenalty: number;
  readonly figures?: string;
  readonly states?: string;
}

/** Sentences on the map of states where none were chosen. */
const MAPPED = 24;

export function addEvaluate(program: Command, io: Io): void {
  const command = program.command("evaluate")
    .description("measure a run: on pairs, its own test split or files; a language model on text; either on multiple-choice questions")
    .argument("<run>", "folder of a trained run, or of Hugging Face: a translator, or, with --text or --choices, a language model, also of llama2.c")
    .option("--text <file>", "text whose perplexity and bits per byte a language model has; by default what its run held out")
    .option("--choices <file>", "multiple-choice questions, one a line: {\"question\": …, \"choices\": […, …], \"answer\": 0}, also in .gz or .zst")
    .option("--mutual-information", "with --choices: rank by log p(choice | question) - log p(choice) too")
    .option("--delimiter <text>", "with --choices: between question and choice, where neither has white space there (default: a blank)")
    .option("--data <file>", "pairs: source and target separated by a tab, or .jsonl with the fields source and target")
    .option("--source <file>", "sources, one a line; needs --reference")
    .option("--reference <file>", "right answers, one a line; needs --source")
    .option("--lowercase", "BLEU and chrF ignore case")
    .addOption(new Option("--tokenize <how>", "BLEU's tokeniser").choices(bleuTokenizers).default("13a"))
    .option("--beam <size>", "partial translations that are followed at once (default: 5; 200 for a phrase-based translator)", positiveInteger)
    .option("--length-penalty <alpha>", "length normalisation of Wu et al. 2016", nonNegativeNumber, 0)
    .option("--batch <sentences>", "sentences that are translated, or texts that are scored, at once", positiveInteger, 32)
    .option("--figures <folder>", "write the encoder's states on a plane and BLEU by length and by word rank, as SVG")
    .option("--states <file>", "sentences for the map of states, one a line, optionally a tab and a group's name");
  addModelOptions(command).addOption(jsonOption()).action((run: string, flags: EvaluateFlags) => runEvaluate(run, flags, io));
}

async function runEvaluate(run: string, flags: EvaluateFlags, io: Io): Promise<void> {
  const { choices, text, data, source, mutualInformation, delimiter } = flags;
  if (choices === undefined && (mutualInformation || delimiter !== undefined)) throw new UsageError("--mutual-information and --delimiter are about multiple choice; add --choices FILE.");
  if (choices !== undefined && (text ?? data ?? source) !== undefined) throw new UsageError("--choices, --text, --data and --source are different ways to measure; give one.");
  if (choices !== undefined) refuseFlags("--choices", aboutPairs(flags));
  if (choices !== undefined) return evaluateChoices(run, choices, flags, io);
  if (flags.states !== undefined && flags.figures === undefined) throw new UsageError("--states says what a figure shows; add --figures FOLDER.");
  const isFolder = await isModelFolder(run);
  if (text !== undefined || (!isFolder && await isTextRun(run))) return evaluateText(run, flags, io);
  if (isFolder && await isLanguageModelFolder(run)) {
    throw new CommandError(`${run} is a language model, which holds nothing out and is not measured on pairs; give --text FILE or --choices FILE.`);
  }
  if (isFolder && flags.figures !== undefined) throw new UsageError("--figures draws a trained run; leave it out for a folder of Hugging Face.");
  if (await isPhraseRun(run)) return evaluatePhrases(run, flags, io);
  const config = isFolder ? undefined : await (await RunDirectory.open(run)).readConfig();
  const pairs = await evaluatedPairs(run, config, flags);
  if (flags.figures !== undefined) await prepareOutputs(join(flags.figures, "states.svg"));
  const line = new ProgressLine(io);
  const options = {
    ...(flags.beam === undefined ? {} : { beam: flags.beam }), lengthPenalty: flags.lengthPenalty, batch: flags.batch,
    ...translationProgress(line, pairs.length),
  };
  await withTranslator(run, flags, async (translator) => {
    if (config !== undefined && writesSymbols(config)) {
      const { quality } = await evaluateSymbols(translator, pairs, options).finally(() => line.close());
      await writeFigures(translator, config, pairs, undefined, flags, io);
      printResult(io, flags.json, quality, () => describeSymbols(quality));
    } else {
      const settings = { lowercase: flags.lowercase ?? false, tokenizer: flags.tokenize };
      const { quality, hypotheses } = await evaluateTranslations(translator, pairs, { ...options, ...settings }).finally(() => line.close());
      await writeFigures(translator, config, pairs, hypotheses, flags, io);
      printResult(io, flags.json, quality, () => describeText(quality));
    }
  });
}

/** What is said about pairs and their translations. */
function aboutPairs({ data, source, reference, lowercase, tokenize, beam, lengthPenalty, figures, states }: EvaluateFlags): Record<string, unknown> {
  return {
    "--data": data, "--source": source, "--reference": reference, "--lowercase": lowercase, "--tokenize": tokenize === "13a" ? undefined : tokenize,
    "--beam": beam, "--length-penalty": lengthPenalty === 0 ? undefined : lengthPenalty, "--figures": figures, "--states": states,
  };
}

async function evaluatePhrases(run: string, flags: EvaluateFlags, io: Io): Promise<void> {
  const { lengthPenalty, figures, states, beam, batch, lowercase = false, tokenize: tokenizer } = flags;
  refuseNetworkFlags(run, { "--length-penalty": lengthPenalty === 0 ? undefined : lengthPenalty, "--figures": figures, "--states": states });
  const pairs = await evaluatedPairs(run, await (await RunDirectory.open(run)).readPhraseConfig(), flags);
  const line = new ProgressLine(io);
  const options = { ...(beam === undefined ? {} : { beam }), batch, lowercase, tokenizer, ...translationProgress(line, pairs.length) };
  const { quality } = await withAnyTranslator(run, flags, (translator) => evaluateTranslations(translator, pairs, options)).finally(() => line.close());
  printResult(io, flags.json, quality, () => describeText(quality));
}

/** A run of a language model; folders that are no runs are left to whoever opens them. */
async function isTextRun(path: string): Promise<boolean> {
  return (await RunDirectory.open(path)).isTextRun();
}

async function evaluateText(path: string, flags: EvaluateFlags, io: Io): Promise<void> {
  const { text, batch, checkpoint, threads, json } = flags;
  refuseFlags(text === undefined ? `${path} is a language model, which` : "--text", { ...aboutPairs(flags), "--ensemble": flags.ensemble });
  const engine = onnx(threads === undefined ? {} : { threads });
  const model = await openTextModel(path, { checkpoint });
  const content = text === undefined ? undefined : await readWholeText(text);
  if (content !== undefined) noteUnknown(model.tokenizer, [content], "the text", io);
  const line = new ProgressLine(io);
  const options = { batch, onProgress: line.counter("tokens") };
  const quality = await (content === undefined
    ? evaluateHeldOut(path, model, engine, options)
    : evaluateLanguageModel(model, content, engine, options)).finally(() => line.close());
  printResult(io, json, quality, () => describeLanguage(quality));
}

function describeLanguage({ loss, perplexity, bitsPerByte, tokens }: LanguageQuality): string {
  return [
    `loss           ${loss.toFixed(4)} nats a token`, `perplexity     ${perplexity.toFixed(3)}`,
    `bits per byte  ${bitsPerByte.toFixed(4)}`, `tokens         ${count(tokens)}`,
  ].join("\n");
}

async function evaluatedPairs(run: string, config: Pick<RunConfig, "data" | "seed"> | undefined, { data, source, reference }: EvaluateFlags): Promise<readonly Pair[]> {
  if ((source === undefined) !== (reference === undefined)) throw new UsageError("--source and --reference belong together; give both.");
  if (data !== undefined && source !== undefined) throw new UsageError("--data holds sources and references; leave --source and --reference out.");
  if (data !== undefined) return readPairFile(data);
  if (source !== undefined && reference !== undefined) return readParallel(source, reference);
  const { test } = config === undefined ? { test: [] } : await readSplits(config.data, config.seed);
  if (test.length === 0) {
    throw new CommandError(`${run} holds out no test pairs; give --data FILE, or --source FILE and --reference FILE.`);
  }
  return test;
}

/** The paper's figures; without hypotheses, as of a model that writes symbols, only the map of states. */
async function writeFigures(
  translator: Translator, config: RunConfig | undefined, pairs: readonly Pair[], hypotheses: readonly string[] | undefined, flags: EvaluateFlags, io: Io,
): Promise<void> {
  if (flags.figures === undefined || config === undefined) return;
  // Only here: drawing takes a while to load.
  const { writeBreakdownFigures, writeStateFigure } = await import("../train/evaluate/evaluate-figures.ts");
  const written: string[] = [];
  try {
    written.push(await writeStateFigure(translator, await mappedSentences(pairs, flags.states), flags.figures));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    io.err(`There is no map of states: ${error.message}\n`); // one sentence has no plane; what was measured stands
  }
  if (hypotheses !== undefined) {
    written.push(...await writeBreakdownFigures(flags.figures, {
      name: config.name,
      testSet: { sources: pairs.map(({ source }) => source), hypotheses, references: pairs.map(({ target }) => target) },
      training: await trainingSources(config, pairs, io),
      bleu: { lowercase: flags.lowercase ?? false, tokenizer: flags.tokenize },
    }));
  }
  written.forEach((path) => io.err(`wrote ${path}\n`));
}

async function mappedSentences(pairs: readonly Pair[], file: string | undefined): Promise<MappedSentence[]> {
  if (file === undefined) {
    const different = [...new Set(pairs.map(({ source }) => source))].filter((source) => source.trim() !== "");
    return different.sort((a, b) => a.length - b.length).slice(0, MAPPED).map((text) => ({ text }));
  }
  return (await readLines(file)).map((line) => {
    const [text = "", group] = line.split("\t");
    return { text, ...(group === undefined ? {} : { group }) };
  });
}

/** What words are counted in: the training pairs, or, where those are gone, the evaluated ones. */
async function trainingSources(config: RunConfig, pairs: readonly Pair[], io: Io): Promise<string[]> {
  try {
    return (await readSplits(config.data, config.seed)).train.map(({ source }) => source);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    io.err(`Words are ranked by their frequency in the evaluated sentences, for the training pairs are gone: ${error.message}\n`);
    return pairs.map(({ source }) => source);
  }
}

function describeText({ bleu, bleuInterval: { lower, upper }, signature, chrf, chrfSignature, perplexity, perplexityPerWord, sentences, sentencesPerSecond }: TextQuality): string {
  return [
    `BLEU        ${bleu.toFixed(2)}  (95% confidence ${lower.toFixed(2)} to ${upper.toFixed(2)})  ${signature}`,
    `chrF2       ${chrf.toFixed(2)}  ${chrfSignature}`,
    ...(perplexity === undefined || perplexityPerWord === undefined ? [] : [`perplexity  ${perplexity.toFixed(3)} a token, ${perplexityPerWord.toFixed(2)} a word`]),
    `sentences   ${count(sentences)}, ${sentencesPerSecond.toFixed(1)} a second`,
  ].join("\n");
}

function describeSymbols({ per, wer, werInterval: { lower, upper }, words, wordsPerSecond }: SymbolQuality): string {
  return [
    `symbol (phoneme) error rate  ${per.toFixed(2)} %`,
    `sequence (word) error rate   ${wer.toFixed(2)} %  (95% confidence ${lower.toFixed(2)} to ${upper.toFixed(2)})`,
    `words                        ${count(words)}, ${wordsPerSecond.toFixed(1)} a second`,
  ].join("\n");
}
