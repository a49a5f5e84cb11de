/** What is found of a run that reads one sequence and writes another. */
import { compareTexts, writesSymbols } from "../../train/evaluate/evaluate-run.ts";
import { readPairs, type Pair } from "../../data/source.ts";
import { areaUnderCurve } from "../../metrics/area-under-curve.ts";
import { errorRatesFromTotals, errorStatistics } from "../../metrics/error-rates.ts";
import type { RunConfig } from "../../train/config/config.ts";
import type { PhraseRunConfig } from "../../train/config/phrase.ts";
import { readSplits, type PairSplits } from "../../train/run/run-data.ts";
import type { TextTranslator } from "../../train/translator/text-translator.ts";
import { Translator } from "../../train/translator/translator.ts";
import { auditContamination, type Flag } from "../contamination/audit-contamination.ts";
import { aurocError } from "../memorization/membership.ts";
import { AuditError } from "../audit-error.ts";
import type { ContaminatedSide, ContaminationFindings, Estimate, LossGap, PartQuality, Reproduction } from "./audit-report.ts";
import { chooseExamples, shortened, shownExamples, type ChosenExamples } from "./choose-examples.ts";
import { estimateOf, ratioEstimate, shareEstimate } from "./estimate.ts";
import { openPhraseView, type PhraseViewer } from "./phrase-view.ts";
import { STANDARD_EXAMPLES, STANDARD_SAMPLES, type Findings, type ReportOptions } from "./report-options.ts";
import { TemporaryTexts } from "./temporary-texts.ts";

type PairConfig = RunConfig | PhraseRunConfig;

const SIDES = [["sources", (pair: Pair) => pair.source], ["targets", (pair: Pair) => pair.target]] as const;

/** @throws AuditError where there are no pairs to test with; DataError where the run's data are gone */
export async function auditPairs(config: PairConfig, translator: TextTranslator, options: ReportOptions): Promise<Findings> {
  const { samples = STANDARD_SAMPLES, seed = 1 } = options;
  const viewer = options.phrases === undefined ? undefined : await openPhraseView(options.phrases);
  const splits = await readSplits(config.data, config.seed);
  const { name, pairs } = await testPairs(splits, options);
  const { sides, notes } = await compareSides(splits.train, pairs, options);
  const contaminated = new Set(sides.flatMap(({ report }) => report.flagged.map(({ index }) => index)));
  const usable = pairs.flatMap(({ source, target }, index) => source.trim() === "" || target.trim() === "" ? [] : [index]);
  const chosen = chooseExamples(usable, contaminated, samples, seed);
  const judged = new Judge(config, pairs, splits.train, options.lowercase ?? false);
  await judged.translate(translator, [...chosen.clean, ...chosen.contaminated], (done, of) => options.onProgress?.("test sentences translated", done, of));
  const known = chooseExamples(splits.train.map((_, index) => index), new Set(), samples, seed + 1).clean.flatMap((index) => splits.train[index] ?? []);
  // What stands in the training data is held out in name only.
  const unseen = chosen.clean.length > 0 ? chosen.clean : chosen.contaminated;
  const held = unseen.flatMap((index) => pairs[index] ?? []);
  const reproduction = await reproduced(translator, known, judged, unseen, options);
  const gap = await lossGap(translator, known, held, options);
  return {
    contamination: { test: name, sides, contaminated: contaminated.size, quality: judged.quality(chosen) },
    memorization: { reproduction }, ...(gap !== undefined && { gap }),
    examples: shownExamples(chosen, options.examples ?? STANDARD_EXAMPLES).map((index) => judged.example(index, sides, viewer)),
    notes: { contamination: notes, memorization: [ASKED_FOR_TARGETS], generalization: gap === undefined ? [NO_LIKELIHOODS] : [] },
  };
}

function textOn(side: string, pair: Pair | undefined): string {
  return (side === "sources" ? pair?.source : pair?.target) ?? "";
}

const ASKED_FOR_TARGETS = "Extraction by length of prefix and exposure of canaries are measured of language models; a model that reads one sequence and writes another is asked for the targets of its training sources instead.";

const NO_LIKELIHOODS = "A phrase-based translator's scores are no probabilities, so that training and held-out pairs cannot be compared by their loss.";

async function testPairs({ validation, test }: PairSplits, { test: file, run }: ReportOptions): Promise<{ name: string; pairs: readonly Pair[] }> {
  if (file !== undefined) {
    const isRecords = /\.(jsonl|ndjson)(\.gz)?$/.test(file);
    return { name: file, pairs: await readPairs(isRecords ? { kind: "jsonl", file, sourceField: "source", targetField: "target" } : { kind: "tsv", file, sourceColumn: 0, targetColumn: 1 }) };
  }
  if (test.length > 0) return { name: "the run's test pairs", pairs: test };
  if (validation.length > 0) return { name: "the run's validation pairs", pairs: validation };
  throw new AuditError(`${run} holds out no pairs; give some with --test FILE, source and target separated by a tab.`);
}

/** Each side of the test pairs against the same side of the training pairs; a side without words is left out, with a sentence. */
async function compareSides(train: readonly Pair[], test: readonly Pair[], { seed = 1, threads, onProgress }: ReportOptions): Promise<{ sides: ContaminatedSide[]; notes: string[] }> {
  return TemporaryTexts.use(async (texts) => {
    const [sides, notes]: [ContaminatedSide[], string[]] = [[], []];
    for (const [side, of] of SIDES) {
      const write = (name: string, pairs: readonly Pair[]) => texts.write(name, pairs.map((pair) => of(pair).replace(/\s*\n\s*/g, " ")), "\n");
      const files = { train: [await write(`training ${side}`, train)], test: await write(`test ${side}`, test) };
      try {
        sides.push({ side, report: await auditContamination({ ...files, n: "auto", seed, threads, onProgress: (done, of_) => onProgress?.(`bytes of training ${side}`, done, of_) }) });
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        notes.push(`The ${side} have no words that could be compared: letters or digits between white space.`);
      }
    }
    return { sides: sides.map(withPlainNames), notes };
  });
}

/** The temporary file is named after what it holds. */
function withPlainNames({ side, report }: ContaminatedSide): ContaminatedSide {
  return { side, report: { ...report, flagged: report.flagged.map((flag) => ({ ...flag, file: `training ${side}` })) } };
}

/** What a translator made of test pairs, beside what is right. */
class Judge {
  readonly #outputs = new Map<number, string>();
  readonly #symbols: boolean;

  constructor(config: PairConfig, private readonly pairs: readonly Pair[], private readonly training: readonly Pair[], private readonly lowercase: boolean) {
    this.#symbols = config.model.kind !== "phrase-based" && writesSymbols(config as RunConfig);
  }

  async translate(translator: TextTranslator, indices: readonly number[], onProgress: (done: number, of: number) => void): Promise<void> {
    const outputs = await translateAll(translator, indices.map((index) => this.pairs[index]?.source ?? ""), onProgress);
    indices.forEach((index, at) => this.#outputs.set(index, outputs[at] ?? ""));
  }

  quality({ clean, contaminated }: ChosenExamples): PartQuality {
    const part = (indices: readonly number[]): Estimate => this.#symbols ? this.#errors(indices) : this.#bleu(indices);
    return {
      measure: this.#symbols ? "symbols that are wrong, %" : `BLEU${this.lowercase ? ", lower-cased" : ""}`, decimals: 1,
      ...(clean.length > 0 && { clean: part(clean) }), ...(contaminated.length > 0 && { contaminated: part(contaminated) }),
    };
  }

  /** Whether the output is the reference, word for word. */
  isReproduced(index: number): boolean {
    return sameWords(this.#outputs.get(index) ?? "", this.pairs[index]?.target ?? "", this.lowercase);
  }

  example(index: number, sides: ContaminationFindings["sides"], viewer: PhraseViewer | undefined): Findings["examples"][number] {
    const { source = "", target = "" } = this.pairs[index] ?? {};
    const flags = sides.flatMap(({ side, report }) => report.flagged.filter((flag: Flag) => flag.index === index).map((flag) => (
      { ...flag, side, text: shortened(textOn(side, this.training[flag.document - 1])) })));
    return { index, flags, input: source, reference: target, output: this.#outputs.get(index) ?? "", ...(viewer !== undefined && { phrases: viewer(source) }) };
  }

  #bleu(indices: readonly number[]): Estimate {
    const { bleu, bleuInterval } = compareTexts(indices.map((index) => this.#outputs.get(index) ?? ""), indices.map((index) => this.pairs[index]?.target ?? ""), { lowercase: this.lowercase });
    return { score: bleu, ...bleuInterval, examples: indices.length };
  }

  #errors(indices: readonly number[]): Estimate {
    const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
    const items = indices.map((index) => ({ hypothesis: words(this.#outputs.get(index) ?? ""), references: [words(this.pairs[index]?.target ?? "")] }));
    return estimateOf(errorStatistics(items), (totals) => errorRatesFromTotals(totals).tokenErrorRate);
  }
}

const AT_ONCE = 64;

async function translateAll(translator: TextTranslator, sources: readonly string[], onProgress: (done: number, of: number) => void): Promise<string[]> {
  const outputs: string[] = [];
  for (let from = 0; from < sources.length; from += AT_ONCE) {
    outputs.push(...(await translator.translate(sources.slice(from, from + AT_ONCE))).map(({ text }) => text));
    onProgress(outputs.length, sources.length);
  }
  return outputs;
}

function sameWords(one: string, other: string, lowercase: boolean): boolean {
  const plain = (text: string): string => (lowercase ? text.toLowerCase() : text).trim().replace(/\s+/g, " ");
  return plain(one) === plain(other);
}

async function reproduced(translator: TextTranslator, known: readonly Pair[], judged: Judge, heldOut: readonly number[], { lowercase = false, onProgress }: ReportOptions): Promise<Reproduction> {
  const outputs = await translateAll(translator, known.map(({ source }) => source), (done, of) => onProgress?.("training sentences translated", done, of));
  return {
    training: shareEstimate(known.map(({ target }, at) => sameWords(outputs[at] ?? "", target, lowercase))),
    heldOut: shareEstimate(heldOut.map((index) => judged.isReproduced(index))),
  };
}

async function lossGap(translator: TextTranslator, known: readonly Pair[], held: readonly Pair[], { reference, threads }: ReportOptions): Promise<LossGap | undefined> {
  if (translator.score === undefined) return undefined;
  const losses = (scores: readonly { readonly logProbability: number; readonly tokens: number }[]) => scores.map(({ logProbability, tokens }) => [-logProbability, tokens] as const);
  const perToken = (rows: readonly (readonly [number, number])[]): number[] => rows.map(([nats, tokens]) => -nats / tokens);
  const [training, heldOut] = [losses(await translator.score(known)), losses(await translator.score(held))];
  const auroc = areaUnderCurve(perToken(training), perToken(heldOut));
  const gap = { training: ratioEstimate(training), heldOut: ratioEstimate(heldOut), auroc, standardError: aurocError(auroc, known.length, held.length) };
  if (reference === undefined) return gap;
  const other = await Translator.open(reference, threads === undefined ? {} : { threads });
  try {
    const [itsTraining, itsHeldOut] = [losses(await other.score(known)), losses(await other.score(held))];
    const less = (own: readonly number[], its: readonly number[]): number[] => own.map((value, at) => value - (its[at] ?? NaN));
    return { ...gap, aurocAgainstReference: areaUnderCurve(less(perToken(training), perToken(itsTraining)), less(perToken(heldOut), perToken(itsHeldOut))) };
  } finally {
    await other.dispose();
  }
}
