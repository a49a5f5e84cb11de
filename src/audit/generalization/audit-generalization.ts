import { basename } from "node:path";
import { think, type SolvedProblem } from "../../think/think.ts";
import { strategies, type StrategyName } from "../../think/strategies/strategies.ts";
import type { Sampler } from "../../think/sampler/sampler.ts";
import { suggestion } from "../../train/suggest.ts";
import { AuditError } from "../audit-error.ts";
import { openExaminedRun, type ExaminedRun, type OpenOptions } from "./examined-run.ts";
import type { Exam, ExamMaker, Mark, Paper } from "./exam.ts";
import { degrees, longerExam } from "./longer-exam.ts";
import { rareWordsExam } from "./rare-words-exam.ts";
import { scanExam } from "./scan-exam.ts";
import { tally, type Tally } from "./tally.ts";
import { parseTask } from "./task-options.ts";

/** The tasks that tell something of generalisation, and what is near to training and far from it in each. */
export const generalizationTasks: Readonly<Record<string, string>> = {
  scan: "SCAN's splits: random, longer commands, jump in composition; scan:folder=FOLDER,split=SPLIT (default: data/scan, and the split that the run was trained on)",
  ...Object.fromEntries(Object.entries(degrees).map(([name, { option, standard }]) => [name, `${option} that were trained on, and more and fewer; ${name}:${option}=${standard}`])),
  "rare-words": "what the run holds out, by how often it has seen the like: words of references, or letters of spellings",
};

/** Ways of answering: those of `decade think`, and the beam of models that read one sequence and write another. */
export const generalizationStrategies = [...Object.keys(strategies), "beam"] as const;
export type GeneralizationStrategy = StrategyName | "beam";

export interface NamedRun {
  readonly path: string;
  /** Heads the run's column, and names its family; by default the folder's name, and the kind of its model. */
  readonly label?: string | undefined;
}

export interface GeneralizationOptions extends OpenOptions {
  /** As `decade think` names it, or `rare-words`: what the runs were trained on. */
  readonly task: string;
  readonly runs: readonly NamedRun[];
  /** Each run gets a column for each; greedy by default. */
  readonly strategies?: readonly GeneralizationStrategy[];
  /** Attempts at a problem, where a strategy makes several; 16 by default. */
  readonly samples?: number;
  /** Of draws; 1 by default. */
  readonly temperature?: number;
  /** Partial answers that the strategy beam follows; 5 by default. */
  readonly beam?: number;
  /** Of each distance; by default all that are published, 1,000 of those that are made. */
  readonly problems?: number | undefined;
  /** How many steps longer and shorter than trained on; 3 by default. */
  readonly beyond?: number;
  /** Of problems and draws; 1 by default. */
  readonly seed?: number;
  readonly onProgress?: (column: string, done: number, of: number) => void;
}

/** A run, used in one way. */
export interface GeneralizationColumn extends Tally {
  readonly name: string;
  readonly run: string;
  /** What its family is called where accuracy is set against examples. */
  readonly family: string;
  readonly strategy: GeneralizationStrategy;
  readonly trainedOn: string;
  /** Pairs or documents that it was trained on; `null` where that is not known. */
  readonly examples: number | null;
  /** Problems that were not asked, since the run has learned from them. */
  readonly seen: number;
  /** Tokens written for a problem, on average. */
  readonly tokens: number;
  /** Whether the strategy is told which answers are right, so that this is what could be reached at best. */
  readonly verified: boolean;
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
      for (const strategy of options.strategies ?? ["greedy"]) columns.push(await columnOf(named, run, exam, strategy, options));
    } finally {
      await run.dispose();
    }
  }
  return { task: options.task, columns };
}

function examMaker(text: string): ExamMaker {
  const named = parseTask(text);
  if (named.kind === "scan") return scanExam(named);
  if (named.kind === "rare-words") return rareWordsExam;
  const degree = Object.hasOwn(degrees, named.kind) ? degrees[named.kind] : undefined;
  if (degree !== undefined) return longerExam(named, degree);
  throw new AuditError(`There is no task "${named.kind}" that tells what is far from training; ${suggestion(named.kind, Object.keys(generalizationTasks))}`);
}

async function columnOf(named: NamedRun, run: ExaminedRun, exam: Exam, strategy: GeneralizationStrategy, options: GeneralizationOptions): Promise<GeneralizationColumn> {
  const plain = named.label ?? basename(named.path);
  const name = strategy === "greedy" ? plain : `${plain}, ${strategy}`;
  if (strategy !== "beam" && strategy !== "greedy" && !run.draws) throw new AuditError(`${run.path} is a phrase-based translator, from which nothing can be drawn at random; choose greedy or beam.`);
  const sampler = strategy === "beam" ? run.sampler(options.beam ?? 5) : run.sampler();
  const total = exam.papers.reduce((sum, { questions }) => sum + questions.length, 0);
  const marks: (readonly Mark[])[] = [];
  let written = 0;
  for (const paper of exam.papers) {
    const before = marks.length;
    const solved = await sit(paper, run, sampler, strategy, options, (done) => options.onProgress?.(name, before + done, total));
    written += solved.reduce((sum, { usage }) => sum + usage.written, 0);
    marks.push(...paper.questions.map((question, at) => {
      const own = solved[at];
      return own === undefined ? [] : question.marks(own);
    }));
  }
  return {
    name, run: named.path, family: named.label ?? run.kind, strategy, trainedOn: exam.trainedOn, examples: run.examples ?? null, seen: exam.seen,
    tokens: written / total, verified: strategy !== "beam" && strategies[strategy].verifies && exam.papers.some(({ task }) => task.verifiedBy === "reference"),
    ...tally(marks),
  };
}

/** Answers to all questions of a paper, in their order. */
async function sit(
  { task, questions }: Paper, run: ExaminedRun, sampler: Sampler, strategy: GeneralizationStrategy,
  { samples = 16, temperature = 1, seed = 1 }: GeneralizationOptions, onSolved: (done: number) => void,
): Promise<readonly SolvedProblem[]> {
  const problems = questions.map(({ problem }) => problem);
  const { solved, stopped } = await think(task, problems, sampler, {
    strategy: strategy === "beam" ? "greedy" : strategy, seed,
    settings: { samples, temperature, ...(run.pairs !== undefined && { maxTokens: longest(task, problems, sampler) }) },
    onSolved: (_, done) => onSolved(done),
  });
  if (stopped !== undefined) throw stopped;
  return solved;
}

/** Twice as many tokens as the longest solution: what is longer is wrong, and a model that does not end takes long. */
function longest(task: Paper["task"], problems: readonly SolvedProblem["problem"][], sampler: Sampler): number {
  return 2 * Math.max(1, ...problems.map((problem) => sampler.countTokens(task.solution(problem)))) + 20;
}
