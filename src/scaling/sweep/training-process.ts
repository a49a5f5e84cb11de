import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeFileAtomically } from "../../data/durable-files.ts";
import { makeFolders } from "../../data/folders.ts";
import { isLockFree } from "../../data/lock.ts";
import { ownProgram } from "../../parallel/launch/own-program.ts";
import type { TrainingConfig } from "./configure.ts";

/** What became of one start of a training. */
export type Attempt =
  | { readonly kind: "finished" }
  /** It was told to stop, and has saved what it had. */
  | { readonly kind: "stopped" }
  /** Another process is at it. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "failed"; readonly error: string };

/** Time that a process has to end whose parent has just been killed: a step, and a checkpoint. */
const LEFTOVER_MILLISECONDS = 15_000;

const END_WITH_PARENT = import.meta.url.replace(/training-process(\.[jt]s)$/, "end-with-parent$1");

/** At work now; where this process exits at once, so do they. */
const children = new Set<ChildProcess>();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/**
 * Trains in a process of its own, into `folder`, going on from the newest checkpoint there. What it says is in
 * `training.log` there. It ends with this process, whatever ends that.
 *
 * @param signal aborting it makes the training save and end
 */
export async function trainInProcess(config: TrainingConfig, folder: string, signal: AbortSignal): Promise<Attempt> {
  await makeFolders(folder);
  if (!await lockComesFree(join(folder, "run.lock"), signal)) return signal.aborted ? { kind: "stopped" } : { kind: "elsewhere" };
  const file = join(folder, "config.json");
  await writeFileAtomically(file, `${JSON.stringify(config, undefined, 2)}\n`);
  if (signal.aborted) return { kind: "stopped" };
  const log = openSync(join(folder, "training.log"), "w");
  const [node, ...program] = ownProgram(END_WITH_PARENT);
  // A group of its own: a terminal sends Ctrl-C to all of a group, and the training would get it twice.
  const child = spawn(node, [...program, "train", file, "--resume"], {
    detached: true, stdio: ["ignore", "ignore", log, "ipc"],
  });
  closeSync(log);
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  children.add(child);
  try {
    const { code, by } = await new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, by) => resolve({ code, by }));
    });
    if (code === 0) return { kind: "finished" };
    return signal.aborted ? { kind: "stopped" } : { kind: "failed", error: await errorOf(folder, code, by) };
  } finally {
    signal.removeEventListener("abort", stop);
    children.delete(child);
  }
}

async function lockComesFree(lock: string, signal: AbortSignal): Promise<boolean> {
  for (const end = performance.now() + LEFTOVER_MILLISECONDS; !await isLockFree(lock);) {
    if (signal.aborted || performance.now() > end) return false;
    await delay(100);
  }
  return true;
}

/** The sentence with which a training has failed. */
async function errorOf(folder: string, code: number | null, by: NodeJS.Signals | null): Promise<string> {
  if (by === "SIGKILL") return "It was killed, as the system does where memory runs out.";
  const lines = (await readFile(join(folder, "training.log"), "utf8")).split("\n").filter((line) => line.trim() !== "");
  // Node's own report of a crash has its version last.
  const said = lines.findLast((line) => line.startsWith("decade: ")) ?? lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1);
  return said?.replace(/^decade: /, "") ?? `It ended with ${by ?? `exit code ${code}`} and said nothing.`;
}
