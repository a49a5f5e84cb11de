import { Worker } from "node:worker_threads";
import { DataError } from "../../data/data-error.ts";
import { scanTask, type ScanTask } from "./scan-source.ts";
import type { ScanAnswer, ScanRequest, ScanStart } from "./scan-worker.ts";
import { mergeFindings, noFindings, TrainingMatcher, type Findings } from "./training-matcher.ts";

export interface ScanOptions {
  readonly threads: number;
  /** Tells how many bytes of the training set, as on the disk, have been read. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

export interface TrainingScan {
  readonly findings: Findings;
  /** Documents of each task, with those that have no word. */
  readonly documents: readonly number[];
}

/**
 * Reads the training set past the index on several threads. What is found does not depend on their number.
 *
 * @throws DataError where a text cannot be read
 */
export async function scanTraining(tasks: readonly ScanTask[], start: ScanStart, { threads, onProgress }: ScanOptions): Promise<TrainingScan> {
  const total = tasks.reduce((sum, { bytes }) => sum + bytes, 0);
  const documents = new Array<number>(tasks.length).fill(0);
  let done = 0;
  const note = (number: number, count: number): void => {
    documents[number] = count;
    onProgress?.(done += tasks[number]?.bytes ?? 0, total);
  };
  const findings = threads > 1 && tasks.length > 1
    ? await scanOnThreads(tasks, start, Math.min(threads, tasks.length), note) : await scanHere(tasks, start, note);
  return { findings, documents };
}

type NoteTask = (number: number, documents: number) => void;

async function scanHere(tasks: readonly ScanTask[], { index, threshold }: ScanStart, note: NoteTask): Promise<Findings> {
  const matcher = new TrainingMatcher(index, threshold);
  for (const [number, task] of tasks.entries()) {
    matcher.begin(number);
    note(number, (await scanTask(task, matcher)).documents);
  }
  return matcher.findings;
}

async function scanOnThreads(tasks: readonly ScanTask[], start: ScanStart, threads: number, note: NoteTask): Promise<Findings> {
  const workers = Array.from({ length: threads }, () => startWorker(start));
  const queue = tasks.entries();
  try {
    const found = await Promise.all(workers.map((worker) => runWorker(worker, queue, note)));
    const all = noFindings(start.index);
    for (const findings of found) mergeFindings(all, findings);
    return all;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Gives a worker one task after the other until none is left. */
function runWorker(worker: Worker, queue: Iterator<[number, ScanTask], undefined>, note: NoteTask): Promise<Findings> {
  const ask = (request: ScanRequest): void => worker.postMessage(request);
  const next = (): void => {
    const entry = queue.next();
    ask(entry.done === true ? { kind: "findings" } : { kind: "task", number: entry.value[0], task: entry.value[1] });
  };
  return new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (answer: ScanAnswer) => {
      switch (answer.kind) {
        case "task":
          note(answer.number, answer.documents);
          return next();
        case "failure":
          return reject(answer.name === "DataError" ? new DataError(answer.message) : new Error(answer.message));
        case "findings":
          return resolve(answer.findings);
        default:
          answer satisfies never;
      }
    });
    next();
  });
}

function startWorker(workerData: ScanStart): Worker {
  // Beside this file: compiled where this is, or in TypeScript, which a thread reads through jiti.
  const typescript = import.meta.url.endsWith(".ts");
  return new Worker(new URL(typescript ? "./scan-worker.ts" : "./scan-worker.js", import.meta.url), {
    workerData, execArgv: typescript ? ["--import", "jiti/register"] : [],
  });
}
