import { writeSync } from "node:fs";

/** Writes to standard error at once, from any thread. */
export function complain(sentence: string): void {
  try {
    writeSync(2, `decade: ${sentence}\n`);
  } catch {
    // nobody reads it any more
  }
}
