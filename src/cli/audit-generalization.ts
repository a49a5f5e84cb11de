import { Option, type Command } from "commander";
import { auditGeneralization, generalizationTasks, type GeneralizationReport } from "../audit/generalization/audit-generalization.ts";
import { generalizationStrategies, type GeneralizationStrategy, type LabelledRun } from "../audit/generalization/examine.ts";
import { distributionChart, skillChart } from "../audit/generalization/generalization-charts.ts";
import { skillCurves, skillCurvesOfTable, type SkillCurve } from "../audit/generalization/skill-curves.ts";
import { writePage } from "../plot/page.ts";
import { writeSvg } from "../plot/render.ts";
import { describeColumns, describeSkills, generalizationPage } from "./audit-generalization-report.ts";
import { UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, nonNegativeNumber, positiveInteger } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { prepareOutputs } from "./output-files.ts";

interface GeneralizationFlags {
  readonly strategies: readonly GeneralizationStrategy[];
  readonly samples: number;
  readonly temperature: number;
  readonly beam: number;
  readonly problems?: number;
  readonly beyond: number;
  readonly seed: number;
  readonly checkpoint: string;
  readonly threads?: number;
  readonly byExamples?: boolean;
  readonly table?: string;
  readonly svg?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function addAuditGeneralization(audit: Command, io: Io): void {
  audit.command("generalization")
    .description("accuracy on what is like a run's training beside accuracy on what is not, and how much data a skill needs")
    .argument("<task>", "what the runs were trained on, with options: scan, addition:digits=3, rare-words, …")
    .argument("[runs...]", "trained runs, a column each; LABEL=RUN heads it by another name")
    .addOption(new Option("--strategies <names...>", "how answers are found, a column of each run for each").choices(generalizationStrategies).default(["greedy"], "greedy"))
    .option("--samples <count>", "attempts, where a strategy makes several", positiveInteger, 16)
    .option("--temperature <t>", "of draws", nonNegativeNumber, 1)
    .option("--beam <size>", "partial answers that the strategy beam follows", positiveInteger, 5)
    .option("--problems <count>", "of each distance (default: all that are published, 1000 of those that are made)", positiveInteger)
    .option("--beyond <steps>", "how much longer, and shorter, than trained on", nonNegativeInteger, 3)
    .option("--seed <number>", "of problems and draws", nonNegativeInteger, 1)
    .option("--checkpoint <which>", "best, latest, a step, the name of an average, or a folder", "best")
    .option("--threads <count>", "threads of one operation (default: as the run was trained)", positiveInteger)
    .option("--by-examples", "set accuracy against the number of training examples; runs with one LABEL are one family")
    .option("--table <file>", "the same for models measured elsewhere: CSV with the columns family,examples,correct,total")
    .option("--svg <file>", "draw the accuracies")
    .option("--html <file>", "write a page with pictures and tables")
    .addOption(jsonOption())
    .addHelpText("after", describeTasks)
    .action((task: string, runs: string[], flags: GeneralizationFlags) => runGeneralization(task, runs.map(namedRun), flags, io));
}

/** `LABEL=RUN`, or a folder alone. */
function namedRun(text: string): LabelledRun {
  const [, label, path] = /^([^=/\\]+)=(.+)$/.exec(text) ?? [];
  return path === undefined ? { path: text } : { path, label };
}

async function runGeneralization(task: string, runs: readonly LabelledRun[], flags: GeneralizationFlags, io: Io): Promise<void> {
  if (flags.table !== undefined && (runs.length > 0 || flags.byExamples)) throw new UsageError("--table is in place of runs; leave the runs and --by-examples out.");
  if (flags.table === undefined && runs.length === 0) throw new UsageError("No run was given; name at least one, or a table by --table.");
  await prepareOutputs(flags.svg, flags.html);
  const columns = flags.table === undefined ? (await ask(task, runs, flags, io)).columns : [];
  const skills = flags.table !== undefined ? await skillCurvesOfTable(flags.table) : flags.byExamples ? await skillCurves(columns) : undefined;
  if (flags.svg !== undefined) await writeSvg(flags.svg, skills === undefined ? distributionChart(columns) : skillChart(skills));
  if (flags.html !== undefined) await writePage(flags.html, generalizationPage(task, columns, skills));
  for (const { name, verified } of columns) {
    if (verified) io.err(`decade: ${name} chooses by the known answers, so that it tells what could be reached, not what a user without them would get.\n`);
  }
  const result: GeneralizationReport & { readonly skills?: readonly SkillCurve[] } = { task, columns, ...(skills !== undefined && { skills }) };
  printResult(io, flags.json, result, () => [
    ...(columns.length === 0 ? [] : [describeColumns(columns)]), ...(skills === undefined ? [] : [describeSkills(skills)]),
    ...(flags.svg === undefined ? [] : [`The picture is in ${flags.svg}.`]), ...(flags.html === undefined ? [] : [`The page is in ${flags.html}.`]),
  ].join("\n\n"));
}

async function ask(task: string, runs: readonly LabelledRun[], flags: GeneralizationFlags, io: Io): Promise<GeneralizationReport> {
  const line = new ProgressLine(io);
  return auditGeneralization({
    ...flags, task, runs, onProgress: (column, done, of) => line.update(() => `${column}: ${count(done)} of ${count(of)} problems`),
  }).finally(() => line.close());
}

function describeTasks(): string {
  return ["", "Tasks:", ...Object.entries(generalizationTasks).map(([name, description]) => `  ${name}: ${description}`)].join("\n");
}
