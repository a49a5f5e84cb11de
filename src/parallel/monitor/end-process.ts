import { writeSync } from "node:fs";
import koffi from "koffi";

/** EX_TEMPFAIL of sysexits.h: it may go well when tried again. */
export const EXIT_LOST = 75;

/** Writes to standard error at once, from any thread. */
export function complain(sentence: string): void {
  try {
    writeSync(2, `decade: ${sentence}\n`);
  } catch {
    // nobody reads it any more
  }
}

/**
 * Ends the whole process from any of its threads, also while the main one is in a long call: `process.exit` of a worker
 * ends the worker only.
 */
export function endProcess(code: number): void {
  try {
    const exit = koffi.load(null).func("_exit", "void", ["int"]) as (status: number) => void;
    exit(code);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}
