/** How good a model's outputs are, on pairs whose right answers are known. */
import type { Pair } from "../../data/source.ts";
import { bleu, bleuFromTotals, bleuStatistics, type BleuOptions } from "../../metrics/bleu.ts";
import type { BleuTokenizer } from "../../metrics/bleu-tokenizers.ts";
import { confidenceInterval } from "../../metrics/bootstrap.ts";
import { chrf } from "../../metrics/chrf.ts";
import { errorRatesFromTotals, errorStatistics } from "../../metrics/error-rates.ts";
import { likelihoodMeasures } from "../../metrics/perplexity.ts";
import { totalStatistics } from "../../metrics/sentence-statistics.ts";
import type { RunConfig } from "../config/config.ts";
import type { TextTranslator } from "../translator/text-translator.ts";
import type { TranslateOptions } from "../translator/translator.ts";

export interface EvaluateOptions extends Pick<TranslateOptions, "beam" | "lengthPenalty" | "batch" | "onToken"> {
  /** Called after each batch with the number of sentences that are done and of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TextEvaluateOptions extends EvaluateOptions {
  /** Whether BLEU and chrF ignore case. */
  readonly lowercase?: boolean;
  /** BLEU's; `13a` by default. */
  readonly tokenizer?: BleuTokenizer;
}

/** 95% confidence, by bootstrap. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

export interface TextQuality {
  /** 0 to 100. */
  readonly bleu: number;
  readonly bleuInterval: Interval;
  readonly signature: string;
  /** chrF2, 0 to 100. */
  readonly chrf: number;
  readonly chrfSignature: string;
  /** Of the references, a token of the model's vocabulary; absent where the translator gives no probabilities. */
  readonly perplexity?: number;
  /** Of the references, a word between white space; absent as `perplexity` is. */
  readonly perplexityPerWord?: number;
  readonly sentences: number;
  /** Search alone. */
  readonly sentencesPerSecond: number;
}

export interface SymbolQuality {
  /** Edits in 100 reference symbols: the phoneme error rate. */
  readonly per: number;
  /** Sequences in 100 that are not entirely right: the word error rate. */
  readonly wer: number;
  readonly werInterval: Interval;
  /** Different sources. */
  readonly words: number;
  /** Search alone. */
  readonly wordsPerSecond: number;
}

export interface Evaluated<Quality> {
  readonly quality: Quality;
  /** What the model wrote for each pair's source, in order. */
  readonly hypotheses: readonly string[];
}

/** Whether a run writes symbols, such as phonemes, and not text. */
export function writesSymbols({ tokenizer, data }: RunConfig): boolean {
  const target = "kind" in tokenizer ? tokenizer : tokenizer.target;
  return target.kind === "symbol" || data.kind === "dictionary";
}

/** BLEU, chrF and perplexity of a translator on pairs of sentences. */
export async function evaluateText(translator: TextTranslator, pairs: readonly Pair[], options: TextEvaluateOptions = {}): Promise<Evaluated<TextQuality>> {
  const { hypotheses, perSecond } = await translateAll(translator, pairs.map(({ source }) => source), options);
  const references = pairs.map(({ target }) => target);
  return {
    hypotheses,
    quality: {
      ...compareTexts(hypotheses, references, options), ...await perplexities(translator, pairs),
      sentences: pairs.length, sentencesPerSecond: perSecond,
    },
  };
}

async function perplexities(translator: TextTranslator, pairs: readonly Pair[]): Promise<Pick<TextQuality, "perplexity" | "perplexityPerWord">> {
  if (translator.score === undefined) return {};
  const scores = await translator.score(pairs);
  const words = pairs.reduce((sum, { target }) => sum + wordsOf(target).length, 0);
  const { perplexityPerToken, perplexityPerWord = NaN } = likelihoodMeasures({
    negativeLogLikelihood: -scores.reduce((sum, { logProbability }) => sum + logProbability, 0),
    tokens: scores.reduce((sum, { tokens }) => sum + tokens, 0),
    ...(words > 0 && { words }),
  });
  return { perplexity: perplexityPerToken, perplexityPerWord };
}

/** BLEU and chrF of texts against references, line by line. */
export function compareTexts(
  hypotheses: readonly string[], references: readonly (string | readonly string[])[], { lowercase = false, tokenizer = "13a" }: TextEvaluateOptions = {},
): Pick<TextQuality, "bleu" | "bleuInterval" | "signature" | "chrf" | "chrfSignature"> {
  const options: BleuOptions = { lowercase, tokenizer };
  const { score, signature } = bleu(hypotheses, references, options);
  const { lower, upper } = confidenceInterval(
    bleuStatistics(hypotheses, references, options), (totals) => bleuFromTotals(totals, options).score);
  const characters = chrf(hypotheses, references, { lowercase });
  return { bleu: score, bleuInterval: { lower, upper }, signature, chrf: characters.score, chrfSignature: characters.signature };
}

/** Error rates on pairs whose targets are symbols; of several targets of one source the nearest counts. */
export async function evaluateSymbols(translator: TextTranslator, pairs: readonly Pair[], options: EvaluateOptions = {}): Promise<Evaluated<SymbolQuality>> {
  const { hypotheses, perSecond } = await translateAll(translator, pairs.map(({ source }) => source), options);
  const items = new Map<string, { hypothesis: string[]; references: string[][] }>();
  pairs.forEach(({ source, target }, at) => {
    const item = items.get(source) ?? { hypothesis: wordsOf(hypotheses[at] ?? ""), references: [] };
    item.references.push(wordsOf(target));
    items.set(source, item);
  });
  const statistics = errorStatistics([...items.values()]);
  const { score, lower, upper } = confidenceInterval(statistics, (totals) => errorRatesFromTotals(totals).itemErrorRate);
  const { tokenErrorRate } = errorRatesFromTotals(totalStatistics(statistics));
  return {
    hypotheses,
    quality: { per: tokenErrorRate, wer: score, werInterval: { lower, upper }, words: items.size, wordsPerSecond: perSecond },
  };
}

/** Translates each different source once, short ones first, so that batches hold sentences of one length. */
async function translateAll(
  translator: TextTranslator, sources: readonly string[], { onProgress, batch = 32, ...options }: EvaluateOptions,
): Promise<{ hypotheses: string[]; perSecond: number }> {
  const different = [...new Set(sources)].sort((a, b) => a.length - b.length);
  const texts = new Map<string, string>();
  const started = performance.now();
  for (let from = 0; from < different.length; from += batch * BATCHES_AT_ONCE) {
    const part = different.slice(from, from + batch * BATCHES_AT_ONCE);
    const onPart = (done: number): void => onProgress?.(from + done, different.length);
    (await translator.translate(part, { ...options, batch, onProgress: onPart })).forEach(({ text }, at) => texts.set(part[at] ?? "", text));
  }
  const perSecond = (different.length * 1000) / (performance.now() - started);
  return { hypotheses: sources.map((source) => texts.get(source) ?? ""), perSecond };
}

const BATCHES_AT_ONCE = 4;

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
