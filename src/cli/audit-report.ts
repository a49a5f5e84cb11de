import { join } from "node:path";
import { Option, type Command } from "commander";
import type { AuditReport, Estimate } from "../audit/report/audit-report.ts";
import { auditRun } from "../audit/report/audit-run.ts";
import { reportPage } from "../audit/report/report-page.ts";
import type { TextUnit } from "../audit/report/report-options.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { writePage } from "../plot/page.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveInteger } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { prepareOutputs } from "./output-files.ts";

interface ReportFlags {
  readonly output?: string;
  readonly checkpoint?: string;
  readonly test?: string;
  readonly unit?: TextUnit;
  readonly canaries?: string;
  readonly reference?: string;
  readonly text?: string;
  readonly generalization?: string;
  readonly phrases?: string;
  readonly lowercase?: boolean;
  readonly examples: number;
  readonly samples: number;
  readonly seed: number;
  readonly threads?: number;
  readonly json?: boolean;
}

export function addAuditReport(audit: Command, io: Io): void {
  audit.command("report")
    .description("all of it on one page: a run's contamination, memorisation and generalisation, with examples and figures")
    .argument("<run>", "folder of a trained run: a language model, a model of pairs, or a phrase-based translator")
    .option("--output <file>", "where the page goes, HTML that needs nothing beside it (default: audit.html in the run's folder)")
    .option("--test <file>", "text for a language model, else pairs: tab-separated, or .jsonl with source and target (default: what the run holds out)")
    .addOption(new Option("--unit <unit>", "what examples of a language model's text are (default: line)").choices(["line", "paragraph"]))
    .option("--canaries <file>", "record of the canaries in a language model's training text")
    .option("--reference <run>", "tell what was trained on by the loss against this model's, which did not see it")
    .option("--text <file>", "text whose extraction is measured, where a language model learned from a mixture")
    .option("--generalization <file>", "what `decade audit generalization --json` has printed")
    .option("--phrases <run>", "a phrase-based translator: which phrases of the examples its table holds, and what it makes of them")
    .option("--lowercase", "BLEU ignores case")
    .option("--examples <count>", "examples that are shown, up to half of them contaminated", nonNegativeInteger, 8)
    .option("--samples <count>", "examples, pairs and stretches of text of each kind that are measured", positiveInteger, 200)
    .option("--seed <number>", "of the draws", nonNegativeInteger, 1)
    .option("--checkpoint <which>", "best, latest, a step, the name of an average, or a folder (default: best)")
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .addOption(jsonOption())
    .action((run: string, flags: ReportFlags) => runReport(run, flags, io));
}

async function runReport(run: string, { output = join(run, "audit.html"), json, ...flags }: ReportFlags, io: Io): Promise<void> {
  // A run that is missing is told of by whoever opens it.
  if (output !== join(run, "audit.html")) await prepareOutputs(output);
  const line = new ProgressLine(io);
  const report = await auditRun({
    run, ...flags, onProgress: (what, done, of) => line.update(() => `${count(done)} of ${count(of)} ${what}`),
  }, onnx(flags.threads === undefined ? {} : { threads: flags.threads })).finally(() => line.close());
  await writePage(output, reportPage(report));
  printResult(io, json, { output, ...report }, () => describe(report, output));
}

function describe({ run, contamination, memorization, generalization }: AuditReport, output: string): string {
  const { quality, sides, contaminated } = contamination;
  const { gap, tasks } = generalization;
  const { extraction, reproduction } = memorization;
  const rows: (readonly [string, string])[] = [
    [`${count(contaminated)} of ${count(sides[0]?.report.examples ?? 0)}`, `examples of ${contamination.test} stand in the training data in some form`],
    ...(quality?.clean === undefined ? [] : [[figure(quality.clean, quality.decimals), `${quality.measure}, clean examples`] as const]),
    ...(quality?.contaminated === undefined ? [] : [[figure(quality.contaminated, quality.decimals), `${quality.measure}, contaminated examples`] as const]),
    ...(extraction?.models ?? []).map(({ share, interval: { lower, upper }, prefix }) => [percents(share, lower, upper), `sequences of the training text extracted at a prefix of ${prefix} tokens`] as const),
    ...(extraction?.exposure ?? []).map(({ exposure, fullExposure, repeats }) => [`${exposure.toFixed(2)} of ${fullExposure.toFixed(2)} bits`, `exposure of a canary repeated ${repeats} times`] as const),
    ...(extraction?.membership === undefined ? [] : [[extraction.membership.auroc.toFixed(3), "AUROC of membership against the reference model"] as const]),
    ...(reproduction === undefined ? [] : [
      [percents(reproduction.training.score, reproduction.training.lower, reproduction.training.upper), "training targets given word for word"] as const,
      [percents(reproduction.heldOut.score, reproduction.heldOut.lower, reproduction.heldOut.upper), "held-out targets given word for word"] as const,
    ]),
    ...(gap === undefined ? [] : [[figure(gap.training), "loss on training data, nats a token"] as const, [figure(gap.heldOut), "loss on held-out data"] as const]),
    ...(tasks?.columns ?? []).map(({ name, inDistribution, outOfDistribution }) => [
      [inDistribution, outOfDistribution].map((share) => (share === null ? "-" : `${(100 * share.accuracy).toFixed(1)} %`)).join(" and "), `${name}: accuracy in and out of distribution`,
    ] as const),
  ];
  return [`${run.name}, a ${run.kind}:`, table(["", ""], rows, [0]).trimStart(), "", `The page is in ${output}.`].join("\n");
}

function figure({ score, lower, upper }: Estimate, decimals = 3): string {
  return `${score.toFixed(decimals)} (${lower.toFixed(decimals)} to ${upper.toFixed(decimals)})`;
}

function percents(share: number, lower: number, upper: number): string {
  return `${(100 * share).toFixed(1)} % (${(100 * lower).toFixed(1)} to ${(100 * upper).toFixed(1)})`;
}
