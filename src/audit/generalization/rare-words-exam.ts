import { permutation } from "../../data/shuffle.ts";
import type { Pair } from "../../data/source.ts";
import { splitWords } from "../../metrics/unicode-text.ts";
import type { Problem, Task } from "../../think/tasks/task.ts";
import { AuditError } from "../audit-error.ts";
import { wholeQuestion, type Distance, type Exam, type ExamChoice, type ExamMaker, type Mark, type Question } from "./exam.ts";

interface Targets {
  /** All that are right. */
  readonly targets: readonly string[];
}

/** Letters in a row that a spelling is compared with training by. */
const LETTERS = 3;

/** The highest count of each class, as compare-mt has them (Neubig et al. 2019). */
const CLASSES = [0, 1, 4, 9, 99, 999, Infinity];

/**
 * What a run holds out, by how often it has seen the like. Where it writes text, each word of the references is asked for:
 * how often does it stand in the training targets, and does it stand in the translation? Where it writes symbols, such
 * as phonemes, an answer is right as a whole, and the rarest three letters of its source are looked for in training.
 */
export const rareWordsExam: ExamMaker = async (run, choice) => {
  const { pairs } = run;
  if (pairs === undefined) throw new AuditError(`${run.path} is a language model, which holds no pairs out; rare-words is for models that read one sequence and write another.`);
  const held = pairs.test.length > 0 ? pairs.test : pairs.validation;
  if (held.length === 0) throw new AuditError(`${run.path} holds nothing out; train it with data.test, or data.validation.`);
  const task = taskOf(chosen(held, choice));
  const questions = run.writesSymbols ? symbolQuestions(await problemsOf(task), pairs.train) : wordQuestions(await problemsOf(task), pairs.train);
  return { papers: [{ task, questions }], trainedOn: "its own pairs", seen: 0 } satisfies Exam;
};

function problemsOf(task: Task<Targets>): Promise<Problem<Targets>[]> {
  return task.problems("test", { seed: 1, count: Infinity });
}

/** Pairs of one source are one problem with several right answers. */
function chosen(held: readonly Pair[], { seed, problems = Infinity }: ExamChoice): Problem<Targets>[] {
  const targets = new Map<string, string[]>();
  for (const { source, target } of held) targets.set(source, [...targets.get(source) ?? [], target.trim()]);
  const all = [...targets].map(([source, right]) => ({ key: source, prompt: source, data: { targets: right } }));
  return Array.from(permutation(all.length, seed, 0).subarray(0, problems)).flatMap((at) => all[at] ?? []);
}

function taskOf(problems: Problem<Targets>[]): Task<Targets> {
  const [longest = ""] = problems.flatMap(({ data }) => data.targets).sort((a, b) => b.length - a.length);
  return {
    name: "rare-words", verifiedBy: "reference", instruction: "", length: longest.length,
    problems: async () => Promise.resolve(problems),
    solution: ({ data }) => data.targets[0] ?? "",
    parse: (text) => text.trim().replaceAll(/\s+/g, " ") || undefined,
    verify: ({ data }, answer) => data.targets.includes(answer),
  };
}

function symbolQuestions(problems: readonly Problem<Targets>[], training: readonly Pair[]): Question[] {
  const counts = counted(training.map(({ source }) => letterRuns(source)));
  return problems.map((problem) => {
    const rarest = Math.min(...letterRuns(problem.prompt).map((run) => counts.get(run) ?? 0));
    const group = { by: "letters", label: `rarest ${LETTERS} ${rarest === 0 ? "never seen" : "seen"}`, order: Number(rarest === 0) };
    return wholeQuestion(problem, rarest === 0 ? "out" : "in", group, rarest === 0 ? [] : [classOf("seen times", rarest)]);
  });
}

/** All runs of letters, the edges of the source being one too. */
function letterRuns(source: string): string[] {
  const letters = [...`^${source}$`];
  return Array.from({ length: Math.max(1, letters.length - LETTERS + 1) }, (_, at) => letters.slice(at, at + LETTERS).join(""));
}

function wordQuestions(problems: readonly Problem<Targets>[], training: readonly Pair[]): Question[] {
  const counts = counted(training.map(({ target }) => wordsOf(target)));
  return problems.map((problem) => ({
    problem, marks: ({ chosen: { text } }) => wordMarks(wordsOf(problem.data.targets[0] ?? ""), wordsOf(text), counts),
  }));
}

/** Each word of the reference is found at most as often as the translation has it. */
function wordMarks(reference: readonly string[], translation: readonly string[], counts: ReadonlyMap<string, number>): Mark[] {
  const left = counted([translation]);
  const marks = new Map<number, { correct: number; total: number }>();
  for (const word of reference) {
    const limit = limitOf(counts.get(word) ?? 0);
    const mark = marks.get(limit) ?? { correct: 0, total: 0 };
    const found = (left.get(word) ?? 0) > 0;
    if (found) left.set(word, (left.get(word) ?? 0) - 1);
    marks.set(limit, { correct: mark.correct + Number(found), total: mark.total + 1 });
  }
  return [...marks].map(([limit, mark]): Mark => ({
    ...mark, distribution: limit === 0 ? "out" : "in",
    group: { by: "words", label: limit === 0 ? "words never seen" : "words seen", order: Number(limit === 0) },
    finer: limit === 0 ? [] : [classOf("seen times", limit)],
  }));
}

/** Lower case, punctuation apart. */
function wordsOf(text: string): string[] {
  return splitWords(text.toLowerCase().replaceAll(/([^\p{L}\p{M}\p{N}\s'’-])/gu, " $1 "));
}

function counted(lists: readonly (readonly string[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const list of lists) for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

/** The highest count of the class that a count is in. */
function limitOf(count: number): number {
  return CLASSES.find((limit) => count <= limit) ?? Infinity;
}

function classOf(by: string, count: number): Distance {
  const limit = limitOf(count);
  const least = (CLASSES[CLASSES.indexOf(limit) - 1] ?? -1) + 1;
  return { by, label: least === limit ? String(least) : limit === Infinity ? `${least} or more` : `${least} to ${limit}`, order: least };
}
