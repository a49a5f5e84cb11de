import { access } from "node:fs/promises";
import { scanSplits } from "../../think/tasks/scan.ts";
import { openTask } from "../../think/tasks/open-task.ts";
import type { Problem, Task } from "../../think/tasks/task.ts";
import { AuditError } from "../audit-error.ts";
import type { ExaminedRun } from "./examined-run.ts";
import { wholeQuestion, type Distance, type Distribution, type Exam, type ExamChoice, type ExamMaker, type Question } from "./exam.ts";
import { formatTask, type NamedTask } from "./task-options.ts";

type ScanSplit = (typeof scanSplits)[number];

/** Where SCAN's files are looked for. */
const FOLDERS = ["data/scan", "../shared/data/scan"];

/** Actions of a bucket: the longest command takes 48. */
const BUCKET = 8;

/** Words that stand alone as a command, and for which training may show nothing else. */
const PRIMITIVES = ["walk", "look", "run", "jump"];

/** What is shown of a group of commands. */
const GROUPS = {
  held: { by: "split", label: "held out of training", order: 0 },
  simple: { by: "split", label: "test of the random split", order: 1 },
  length: { by: "split", label: "test of longer commands", order: 2 },
  addprim_jump: { by: "split", label: "test of jump in composition", order: 3 },
} as const satisfies Record<ScanSplit | "held", Distance>;

/**
 * Each run is asked the published split that it was trained on: what training commands were held out, which is like
 * training, and the test, which, but for the random split, is not. Commands that it has learned from are left out.
 */
export function scanExam(named: NamedTask): ExamMaker {
  return async (run, choice) => {
    const folder = named.options.get("folder") ?? await findFolder();
    const open = (split: ScanSplit): Task => openTask(formatTask(named, { folder, split }));
    const asked = named.options.get("split");
    const learned = run.learned && new Set(run.learned);
    const split = scanSplits.find((each) => each === asked) ?? (asked === undefined ? await trainedSplit(run, learned, open) : undefined);
    if (split === undefined) return Promise.reject(new AuditError(`SCAN has no split "${asked}"; choose ${scanSplits.join(", ")}.`));
    return examOf(open(split), split, learned, choice);
  };
}

async function examOf(task: Task, split: ScanSplit, learned: ReadonlySet<string> | undefined, { seed, problems = Infinity }: ExamChoice): Promise<Exam> {
  const all = { seed, count: Infinity };
  const held = split === "simple" ? [] : await task.problems("validation", all);
  const test = await task.problems("test", all);
  const training = learned ?? new Set((await task.problems("train", all)).map(({ prompt }) => prompt));
  const composed = composedPrimitives(training);
  const ask = (list: readonly Problem[], distribution: Distribution, group: Distance): Question[] => list
    .filter(({ prompt }) => !training.has(prompt)).slice(0, problems)
    .map((problem) => wholeQuestion(problem, distribution, group, [byActions(task, problem), byComposition(problem, composed)]));
  return {
    papers: [{ task, questions: [...ask(held, "in", GROUPS.held), ...ask(test, split === "simple" ? "in" : "out", GROUPS[split])] }],
    trainedOn: `SCAN's split ${split}`,
    seen: [...held, ...test].filter(({ prompt }) => training.has(prompt)).length,
  };
}

/** The split of whose test commands a run has learned from the fewest. */
async function trainedSplit({ path }: ExaminedRun, learned: ReadonlySet<string> | undefined, open: (split: ScanSplit) => Task): Promise<ScanSplit> {
  const hint = 'name the split, as in "scan:split=length"';
  if (learned === undefined) throw new AuditError(`${path} does not say which commands it learned from; ${hint}.`);
  const shares: { readonly split: ScanSplit; readonly seen: number; readonly share: number }[] = [];
  for (const split of scanSplits) {
    const test = await open(split).problems("test", { seed: 1, count: Infinity });
    const seen = test.filter(({ prompt }) => learned.has(prompt)).length;
    shares.push({ split, seen, share: seen / test.length });
  }
  if (shares.every(({ seen }) => seen === 0)) throw new AuditError(`${path} has learned from no command of SCAN as \`decade think data scan\` writes them ("IN: jump twice OUT:"); train on those, or ${hint}.`);
  const [least, next] = shares.toSorted((a, b) => a.share - b.share);
  if (least === undefined || least.share === next?.share) throw new AuditError(`${path} may have been trained on any of several of SCAN's splits; ${hint}.`);
  return least.split;
}

async function findFolder(): Promise<string> {
  for (const folder of FOLDERS) if (await access(folder).then(() => true, () => false)) return folder;
  throw new AuditError(`SCAN's files are neither in ${FOLDERS.join(" nor in ")}; get them from brendenlake/SCAN and name their folder, as in scan:folder=FOLDER.`);
}

/** Those that some training command puts together with other words. */
function composedPrimitives(prompts: ReadonlySet<string>): ReadonlySet<string> {
  const commands = [...prompts].map(wordsOf).filter((words) => words.length > 1);
  return new Set(PRIMITIVES.filter((primitive) => commands.some((words) => words.includes(primitive))));
}

function wordsOf(prompt: string): string[] {
  return prompt.replace(/^IN: /, "").replace(/ OUT:$/, "").split(" ");
}

function byActions(task: Task, problem: Problem): Distance {
  const actions = task.solution(problem).trim().split(" ").length;
  const bucket = Math.ceil(actions / BUCKET);
  return { by: "actions", label: `${BUCKET * (bucket - 1) + 1} to ${BUCKET * bucket}`, order: BUCKET * bucket };
}

function byComposition({ prompt }: Problem, composed: ReadonlySet<string>): Distance {
  const isNew = wordsOf(prompt).some((word) => PRIMITIVES.includes(word) && !composed.has(word));
  return { by: "composition", label: isNew ? "of a word seen alone only" : "of words seen in composition", order: Number(isNew) };
}
