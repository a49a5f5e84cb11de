import { basename } from "node:path";
import type { Sampler } from "../../think/sampler/sampler.ts";
import { strategies, type StrategyName } from "../../think/strategies/strategies.ts";
import { think, type SolvedProblem } from "../../think/think.ts";
import { AuditError } from "../audit-error.ts";
import type { Exam, Mark, Paper } from "./exam.ts";
import type { ExaminedRun } from "./examined-run.ts";
import { tally, type Tally } from "./tally.ts";

/** Ways of answering: those of `decade think`, and the beam of models that read one sequence and write another. */
export const generalizationStrategies = [...Object.keys(strategies), "beam"] as const;
export type GeneralizationStrategy = StrategyName | "beam";

/** Strategies that take answers as they come, whole. */
const WHOLE_ANSWERS: ReadonlySet<GeneralizationStrategy> = new Set(["greedy", "beam", "best-of-n", "majority-vote", "weighted-vote"]);

export interface LabelledRun {
  readonly path: string;
  /** Heads the run's column, and names its family; by default the folder's name, and the kind of its model. */
  readonly label?: string | undefined;
}

export interface AnswerOptions {
  /** Heads the column, in place of the run's label or folder. */
  readonly name?: string | undefined;
  /** Attempts at a problem, where a strategy makes several; 16 by default. */
  readonly samples?: number;
  /** Of draws; 1 by default. */
  readonly temperature?: number;
  /** Partial answers that the strategy beam follows; 5 by default. */
  readonly beam?: number;
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

/** Asks a run all questions of an exam. @throws AuditError where the strategy is not for such a run */
export async function examine(named: LabelledRun, run: ExaminedRun, exam: Exam, strategy: GeneralizationStrategy, options: AnswerOptions = {}): Promise<GeneralizationColumn> {
  const plain = options.name ?? named.label ?? basename(named.path);
  const name = strategy === "greedy" ? plain : `${plain}, ${strategy}`;
  if (strategy !== "beam" && strategy !== "greedy" && !run.draws) throw new AuditError(`${run.path} is a phrase-based translator, from which nothing can be drawn at random; choose greedy or beam.`);
  if (run.pairs !== undefined && !WHOLE_ANSWERS.has(strategy)) throw new AuditError(`${run.path} reads a source and writes the whole answer, so that ${strategy}, which goes on from a part of one, is not for it; choose greedy, beam, majority-vote or best-of-n.`);
  const sampler = strategy === "beam" ? run.sampler(options.beam ?? 5) : run.sampler();
  const total = exam.papers.reduce((sum, { questions }) => sum + questions.length, 0);
  if (total === 0) throw new AuditError(`Nothing can be asked of ${run.path}: it has learned from all problems, or there are too few; name another task, or ask for fewer problems.`);
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
  { samples = 16, temperature = 1, seed = 1 }: AnswerOptions, onSolved: (done: number) => void,
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
