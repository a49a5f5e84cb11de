import { InvalidArgumentError, Option, type Command } from "commander";
import { auditMemorization, type MemorizationReport } from "../audit/memorization/audit-memorization.ts";
import { extractionChart } from "../audit/memorization/extraction-chart.ts";
import type { ExtractionVariable } from "../audit/memorization/extraction.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { writeSvg } from "../plot/render.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveInteger } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { prepareOutputs } from "./output-files.ts";

interface MemorizationFlags {
  readonly checkpoint: string;
  readonly canaries?: string;
  readonly most: number;
  readonly text?: string;
  readonly prefix?: readonly number[];
  readonly continuation: number;
  readonly samples: number;
  readonly reference?: string;
  readonly stretch?: number;
  readonly seed: number;
  readonly threads?: number;
  readonly svg?: string;
  readonly by?: ExtractionVariable;
  readonly json?: boolean;
}

export function addAuditMemorization(audit: Command, io: Io): void {
  audit.command("memorization")
    .description("what a language model can repeat of its training text: exposure of canaries, extraction, membership")
    .argument("<runs...>", "trained runs, or models of Hugging Face or llama2.c; several to compare sizes, canaries and members by the first")
    .option("--canaries <file>", "record of the canaries in the training text, as `decade audit canaries` writes it")
    .option("--most <count>", "candidates of a canary that are scored; more are estimated from so many", positiveInteger, 10_000)
    .option("--text <file>", "text that was trained on (default: what the first run learned from)")
    .option("--prefix <tokens>", "lengths that the model is given, such as 8,16,32 (default: 8, 16, 32, 64 as the context allows)", lengths)
    .option("--continuation <tokens>", "what it must continue with", positiveInteger, 16)
    .option("--samples <count>", "sequences for each power of two of repetitions; stretches of text for membership", positiveInteger, 200)
    .option("--reference <run>", "tell members of the training text by the loss against this model's")
    .option("--stretch <tokens>", "length of the texts whose membership is told (default: 64, or the context)", positiveInteger)
    .option("--seed <number>", "of the draws", nonNegativeInteger, 1)
    .option("--checkpoint <which>", "best, latest, a step, the name of an average, or a folder", "best")
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .option("--svg <file>", "draw what was extracted, with the log-linear fit")
    .addOption(new Option("--by <variable>", "what --svg draws the share against (default: parameters of several runs, else prefix)").choices(["prefix", "repetitions", "parameters"]))
    .addOption(jsonOption())
    .action((runs: string[], flags: MemorizationFlags) => runMemorization(runs, flags, io));
}

function lengths(text: string): number[] {
  if (!/^[1-9]\d*(,[1-9]\d*)*$/.test(text)) throw new InvalidArgumentError("Expected whole numbers of at least 1, separated by commas, such as 8,16,32.");
  return text.split(",").map(Number);
}

async function runMemorization(runs: readonly string[], { threads, svg, by, json, prefix, ...flags }: MemorizationFlags, io: Io): Promise<void> {
  if (by !== undefined && svg === undefined) throw new UsageError("--by is about the picture; add --svg FILE.");
  await prepareOutputs(svg);
  const line = new ProgressLine(io);
  const report = await auditMemorization({
    ...flags, runs, prefixes: prefix, onProgress: (what, done, of) => line.update(() => `${count(done)} of ${count(of)} ${what}`),
  }, onnx(threads === undefined ? {} : { threads })).finally(() => line.close());
  if (svg !== undefined) await writeSvg(svg, extractionChart(report, { by: by ?? (runs.length > 1 ? "parameters" : "prefix") }));
  printResult(io, json, report, () => describe(report, svg));
}

function describe({ exposure, extraction, models, continuation, fits, membership }: MemorizationReport, svg: string | undefined): string {
  return [
    ...(exposure.length === 0 ? [] : [
      "Exposure of canaries, of at most log2 of their candidates, in bits:",
      table(["repeats", "exposure", "of", "rank", "by", "canary"], exposure.map(({ repeats, exposure: bits, fullExposure, rank, method, before, secret, after, found }) => [
        count(repeats), bits.toFixed(2), fullExposure.toFixed(2), count(rank), method, `${before}${secret}${after}${found ? "  (found)" : ""}`,
      ]), [0, 1, 2, 3]), "",
    ]),
    `Sequences of the training text whose ${continuation} tokens a greedy continuation gives back:`,
    table(["run", "parameters", "prefix", "repetitions", "sequences", "extracted", "share", "95% interval"], extraction.map(({ run, parameters, prefix, repetitions: [least, most], samples, extracted, share, interval }) => [
      run, count(parameters), String(prefix), least === most ? count(least) : `${count(least)} to ${count(most)}`, count(samples), count(extracted), percent(share),
      `${percent(interval.lower)} to ${percent(interval.upper)}`,
    ]), [1, 2, 3, 4, 5, 6]),
    ...describeModels(models),
    ...fits.map(({ by, intercept, slope, slopeError }) => `By ${by}: share = ${intercept.toFixed(3)} + ${slope.toFixed(4)}·log2(${by}), slope ± ${slopeError.toFixed(4)}.`),
    ...(membership === undefined ? [] : ["", `Of ${count(membership.members)} stretches of training text and ${count(membership.others)} held out, of ${membership.length} tokens each, members have the lower loss, `
      + `less the reference's, with probability ${membership.auroc.toFixed(3)} ± ${membership.standardError.toFixed(3)} (AUROC); by the loss alone ${membership.aurocWithoutReference.toFixed(3)}.`]),
    ...(svg === undefined ? [] : ["", `The picture is in ${svg}.`]),
  ].join("\n");
}

function describeModels(models: MemorizationReport["models"]): string[] {
  if (models.length < 2) return [];
  return [
    "", `By model, at a prefix of ${models[0]?.prefix} tokens:`,
    table(["run", "parameters", "sequences", "extracted", "share", "95% interval"], models.map(({ run, parameters, samples, extracted, share, interval }) => [
      run, count(parameters), count(samples), count(extracted), percent(share), `${percent(interval.lower)} to ${percent(interval.upper)}`,
    ]), [1, 2, 3, 4]),
    "",
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
