/** A thread that reads training documents: it is given tasks one by one and, at the end, hands over what it found. */
import { parentPort, workerData } from "node:worker_threads";
import { scanTask, type ScanTask } from "./scan-source.ts";
import type { TestIndex } from "./test-index.ts";
import { TrainingMatcher, type Findings } from "./training-matcher.ts";

export interface ScanStart {
  readonly index: TestIndex;
  readonly threshold: number;
}

export type ScanRequest = { readonly kind: "task"; readonly number: number; readonly task: ScanTask } | { readonly kind: "findings" };

export type ScanAnswer =
  | { readonly kind: "task"; readonly number: number; readonly documents: number }
  | { readonly kind: "failure"; readonly name: string; readonly message: string }
  | { readonly kind: "findings"; readonly findings: Findings };

const { index, threshold } = workerData as ScanStart;
const matcher = new TrainingMatcher(index, threshold);
const port = parentPort;
const answer = (message: ScanAnswer): void => port?.postMessage(message);

port?.on("message", (request: ScanRequest) => {
  if (request.kind === "findings") return answer({ kind: "findings", findings: matcher.findings });
  matcher.begin(request.number);
  scanTask(request.task, matcher).then(
    ({ documents }) => answer({ kind: "task", number: request.number, documents }),
    (error: unknown) => answer({ kind: "failure", ...(error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) }) }),
  );
});
