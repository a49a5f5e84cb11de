import { basename } from "node:path";
import { suggestion } from "../../train/config/suggest.ts";
import { AuditError } from "../audit-error.ts";
import { examine, type AnswerOptions, type GeneralizationColumn, type GeneralizationStrategy, type LabelledRun } from "./examine.ts";
import { openExaminedRun, type OpenOptions } from "./examined-run.ts";
import type { ExamMaker } from "./exam.ts";
import { degrees, longerExam } from "./longer-exam.ts";
import { rareWordsExam } from "./rare-words-exam.ts";
import { scanExam } from "./scan-exam.ts";
import { parseTask } from "./task-options.ts";

/** The tasks that tell something of generalisation, and what is near to training and far from it in each. */
export const generalizationTasks: Readonly<Record<string, string>> = {
  scan: "SCAN's splits: random, longer commands, jump in composition; scan:folder=FOLDER,split=SPLIT (default: data/scan, and the split that the run was trained on)",
  ...Object.fromEntries(Object.entries(degrees).map(([name, { option, standard }]) => [name, `${option} that were trained on, and more and fewer; ${name}:${option}=${standard}`])),
  "rare-words": "what the run holds out, by how often it has seen the like: words of references, or letters of spellings",
};

export interface GeneralizationOptions extends OpenOptions, Omit<AnswerOptions, "name"> {
  /** As `decade think` names it, or `rare-words`: what the runs were trained on. */
  readonly task: string;
  readonly runs: readonly LabelledRun[];
  /** Each run gets a column for each; greedy by default. */
  readonly strategies?: readonly GeneralizationStrategy[];
  /** Of each distance; by default all that are published, 1,000 of those that are made. */
  readonly problems?: number | undefined;
  /** How many steps longer and shorter than trained on; 3 by default. */
  readonly beyond?: number;
}

export interface GeneralizationReport {
  readonly task: string;
  readonly columns: readonly GeneralizationColumn[];
}

/**
 * How well runs answer what is like their training, and what is not.
 *
 *     const { columns } = await auditGeneralization({ task: "scan", runs: [{ path: "runs/scan-jump" }] });
 *     console.log(columns[0]?.inDistribution?.accuracy, columns[0]?.outOfDistribution?.accuracy);
 *
 * @throws AuditError where a task, run or strategy do not go together
 */
export async function auditGeneralization(options: GeneralizationOptions): Promise<GeneralizationReport> {
  const makeExam = examMaker(options.task);
  if (options.runs.length === 0) throw new AuditError("No run was given; name at least one.");
  const columns: GeneralizationColumn[] = [];
  for (const named of options.runs) {
    const run = await openExaminedRun(named.path, options);
    try {
      const { seed = 1, problems, beyond = 3 } = options;
      const exam = await makeExam(run, { seed, problems, beyond });
      for (const strategy of options.strategies ?? ["greedy"]) columns.push(await examine(named, run, exam, strategy, { ...options, name: nameOf(named, options.runs) }));
    } finally {
      await run.dispose();
    }
  }
  return { task: options.task, columns };
}

/** Runs of one label are told apart by their folders. */
function nameOf({ path, label }: LabelledRun, all: readonly LabelledRun[]): string {
  if (label === undefined) return basename(path);
  return all.filter((other) => other.label === label).length > 1 ? `${label} ${basename(path)}` : label;
}

function examMaker(text: string): ExamMaker {
  const named = parseTask(text);
  if (named.kind === "scan") return scanExam(named);
  if (named.kind === "rare-words") return rareWordsExam;
  const degree = Object.hasOwn(degrees, named.kind) ? degrees[named.kind] : undefined;
  if (degree !== undefined) return longerExam(named, degree);
  throw new AuditError(`There is no task "${named.kind}" that tells what is far from training; ${suggestion(named.kind, Object.keys(generalizationTasks))}`);
}
