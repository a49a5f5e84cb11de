/** What is found of a run that continues text. */
import { Generator, type TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { areaUnderCurve } from "../../metrics/area-under-curve.ts";
import { openTextModel } from "../../train/run/open-text-model.ts";
import { scoreContinuations } from "../../train/evaluate/score-continuations.ts";
import { auditContamination, type ContaminationReport } from "../contamination/audit-contamination.ts";
import { documentTexts } from "../contamination/removal/document-texts.ts";
import { findSources } from "../../data/documents/find-sources.ts";
import { auditMemorization } from "../memorization/audit-memorization.ts";
import { aurocError, stretches } from "../memorization/membership.ts";
import { openRunTokens, readAll, type RunTokens } from "../memorization/run-tokens.ts";
import { AuditError } from "../audit-error.ts";
import type { Estimate, GeneralizationFindings, LossGap, MemorizationFindings, PartQuality, ReportedExample } from "./audit-report.ts";
import { chooseExamples, shortened, shownExamples, type ChosenExamples } from "./choose-examples.ts";
import { ratioEstimate } from "./estimate.ts";
import { STANDARD_EXAMPLES, STANDARD_SAMPLES, type Findings, type ReportOptions, type TextUnit } from "./report-options.ts";
import { decodedDocuments, TemporaryTexts } from "./temporary-texts.ts";

/** Tokens of a stretch of text whose loss is measured, and the fewest of an example that is shown. */
const [STRETCH, LEAST_SHOWN] = [64, 6];
/** Tokens that a model without a bound reads at once, and the most that it continues an example with. */
const [UNBOUNDED, MOST_CONTINUED] = [256, 48];

/** @throws AuditError where there is no text to test with; DataError where the run's text is gone */
export async function auditText(engine: Engine, options: ReportOptions): Promise<Findings> {
  const { run, checkpoint, samples = STANDARD_SAMPLES, seed = 1 } = options;
  const source = await openTextModel(run, checkpoint === undefined ? {} : { checkpoint });
  const tokens = await openRunTokens(run);
  const { name, report, examples, seen } = await compareTexts(tokens, options);
  const contaminated = new Set(report.flagged.map(({ index }) => index));
  const encoded = examples.map((text) => windowOf(source, text));
  const usable = encoded.flatMap(({ length }, index) => (length > 1 ? [index] : []));
  const chosen = chooseExamples(usable, contaminated, samples, seed);
  const quality = await lossOf(source, encoded, chosen, engine);
  const memorization = await memorized(tokens, engine, options);
  const gap = await lossGap(source, tokens, engine, options);
  const shown = shownExamples({ clean: chosen.clean.filter(isLong(encoded)), contaminated: chosen.contaminated.filter(isLong(encoded)) }, options.examples ?? STANDARD_EXAMPLES);
  return {
    contamination: { test: name, sides: [{ side: "text", report }], contaminated: contaminated.size, quality },
    memorization: memorization.findings, ...gap.findings, examples: await continued(source, encoded, shown, { report, seen }, engine),
    notes: { contamination: [], memorization: memorization.notes, generalization: gap.notes },
  };
}

interface ComparedText {
  readonly name: string;
  readonly report: ContaminationReport;
  readonly examples: readonly string[];
  /** Training documents that flags name, by their numbers. */
  readonly seen: ReadonlyMap<number, string>;
}

/** The test text against the training text, both as the run's tokenizer reads them. */
async function compareTexts(tokens: RunTokens, { run, test, unit = "line", seed = 1, threads, onProgress }: ReportOptions): Promise<ComparedText> {
  return TemporaryTexts.use(async (texts) => {
    const end = unit === "line" ? "\n" : "\n\n";
    const decode = (ids: Int32Array): string => tokens.tokenizer.decode(ids);
    if (test === undefined && tokens.validation === undefined) throw new AuditError(`${run} holds no text out; give some with --test FILE.`);
    const train = await texts.write("training text", decodedDocuments(tokens.train, decode), end);
    const file = test ?? await texts.write("held-out text", decodedDocuments(tokens.validation === undefined ? [] : [tokens.validation], decode), end);
    const report = await auditContamination({
      train: [train], test: file, n: "auto", trainBy: unit, testBy: unit, seed, threads, onProgress: (done, of) => onProgress?.("bytes of training text", done, of),
    });
    const examples: string[] = [];
    for await (const text of textsOf(file, unit)) examples.push(text);
    const seen = await documentsOf(train, unit, new Set(report.flagged.map(({ document }) => document)));
    return { name: test ?? "the text that the run holds out", report: { ...report, flagged: report.flagged.map((flag) => ({ ...flag, file: "training text" })) }, examples, seen };
  });
}

async function* textsOf(file: string, unit: TextUnit): AsyncGenerator<string> {
  for (const source of await findSources([file], { field: "text" })) {
    for await (const { bytes } of documentTexts(source, unit)) yield bytes.toString().trim();
  }
}

/** The beginnings of some documents, by their numbers from 1. */
async function documentsOf(file: string, unit: TextUnit, wanted: ReadonlySet<number>): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let number = 0;
  for await (const text of textsOf(file, unit)) {
    if (found.size === wanted.size) break;
    if (wanted.has(++number)) found.set(number, shortened(text));
  }
  return found;
}

/** An example's tokens after the token that texts begin with, as far as the model can look. */
function windowOf({ tokenizer, beginning = [], ends = [], model: { context = UNBOUNDED } }: TextModel, text: string): Int32Array {
  const first = beginning.length > 0 ? beginning : ends.slice(0, 1);
  return Int32Array.from([...first, ...tokenizer.encode(text)]).subarray(0, context + 1);
}

function isLong(encoded: readonly Int32Array[]): (index: number) => boolean {
  return (index) => (encoded[index]?.length ?? 0) > LEAST_SHOWN;
}

async function lossOf(source: TextModel, encoded: readonly Int32Array[], { clean, contaminated }: ChosenExamples, engine: Engine): Promise<PartQuality> {
  const part = async (indices: readonly number[]): Promise<Estimate> => ratioEstimate(await lossesOf(source, indices.flatMap((index) => encoded[index] ?? []), engine));
  return {
    measure: "loss, nats a token", decimals: 3, ...(clean.length > 0 && { clean: await part(clean) }), ...(contaminated.length > 0 && { contaminated: await part(contaminated) }),
  };
}

/** Nats, and tokens that were predicted, of each text. */
async function lossesOf(source: TextModel, texts: readonly Int32Array[], engine: Engine): Promise<(readonly [number, number])[]> {
  const scores = await scoreContinuations(source, texts.map((tokens) => ({ tokens, from: 1 })), engine);
  return texts.map(({ length }, at) => [-(scores[at] ?? NaN), length - 1] as const);
}

async function memorized(tokens: RunTokens, engine: Engine, options: ReportOptions): Promise<{ findings: MemorizationFindings; notes: string[] }> {
  const { run, checkpoint, canaries, reference, text, samples, seed, onProgress } = options;
  if (text === undefined && tokens.train.length > 1) {
    return { findings: {}, notes: ["The run learned from a mixture, of which one text is to be named with --text for extraction, exposure and membership to be measured."] };
  }
  const findings = await auditMemorization({ runs: [run], checkpoint, canaries, reference, text, samples, seed, onProgress }, engine);
  return {
    findings: { extraction: findings },
    notes: [
      ...(canaries === undefined ? ["Exposure is measured where the training text has canaries: name their record with --canaries."] : []),
      ...(reference === undefined ? ["Membership is told against a model that did not see the text: name one with --reference."] : []),
    ],
  };
}

/** The loss of stretches of training text beside that of stretches held out. */
async function lossGap(source: TextModel, { train: [train], validation }: RunTokens, engine: Engine, { samples = STANDARD_SAMPLES, seed = 1 }: ReportOptions): Promise<{ findings: Pick<GeneralizationFindings, "gap">; notes: string[] }> {
  const length = Math.min(STRETCH, source.model.context ?? UNBOUNDED);
  if (train === undefined || validation === undefined || Math.min(train.tokens, validation.tokens) < 2 * length) {
    return { findings: {}, notes: [`Training and held-out text are compared where each has two stretches of ${length} tokens or more.`] };
  }
  const [known, held] = [stretches(readAll(train), length, samples, seed, "training text"), stretches(readAll(validation), length, samples, seed + 1, "held-out text")];
  const [training, heldOut] = [await lossesOf(source, known, engine), await lossesOf(source, held, engine)];
  const scores = (rows: readonly (readonly [number, number])[]): number[] => rows.map(([nats, count]) => -nats / count);
  const auroc = areaUnderCurve(scores(training), scores(heldOut));
  const gap: LossGap = { training: ratioEstimate(training), heldOut: ratioEstimate(heldOut), auroc, standardError: aurocError(auroc, known.length, held.length) };
  return { findings: { gap }, notes: [] };
}

/** Each example's second half as the text has it, and as the model writes it greedily after the first half. */
async function continued(source: TextModel, encoded: readonly Int32Array[], shown: readonly number[], { report, seen }: Pick<ComparedText, "report" | "seen">, engine: Engine): Promise<ReportedExample[]> {
  const first = source.beginning?.length ?? (source.ends ?? []).slice(0, 1).length;
  const halves = shown.map((index) => {
    const tokens = (encoded[index] ?? new Int32Array()).subarray(first);
    const middle = Math.ceil(tokens.length / 2);
    const rest = tokens.subarray(middle, middle + MOST_CONTINUED);
    return { index, input: source.tokenizer.decode(tokens.subarray(0, middle)), reference: source.tokenizer.decode(rest), length: rest.length };
  });
  const generator = Generator.create(source, engine);
  try {
    const examples: ReportedExample[] = [];
    for (const { index, input, reference, length } of halves) {
      const [[text] = []] = await generator.generate([input], { greedy: true, maxTokens: length });
      const flags = report.flagged.filter((flag) => flag.index === index).map((flag) => ({ ...flag, side: "text", text: seen.get(flag.document) ?? "" }));
      examples.push({ index, flags, input, reference, output: text?.text ?? "" });
    }
    return examples;
  } finally {
    await generator.dispose();
  }
}
