/** The names of checkpoint folders, and cleaning up after a writer that was interrupted. */
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, syncFolder } from "../../data/durable-files.ts";

/** Folders that are not, or no longer, checkpoints. */
export const partialPrefix = ".partial-";
/** A checkpoint that is being replaced by a newer one of the same step. */
export const replacedPrefix = ".replaced-";

/** `step-20` */
export function checkpointName(step: number): string {
  return `step-${step}`;
}

/** The step in a checkpoint folder's name; undefined for any other name. */
export function stepOf(name: string): number | undefined {
  const digits = /^step-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Removes what an interrupted writer left, and puts back a checkpoint that it had moved aside but not yet replaced.
 *
 * @param folder the run's `checkpoints` folder; no other process may be writing to it
 */
export async function recoverCheckpoints(folder: string): Promise<void> {
  const names: string[] = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const path = join(folder, name);
    if (name.startsWith(partialPrefix)) await rm(path, { recursive: true, force: true });
    if (!name.startsWith(replacedPrefix)) continue;
    const original = name.slice(replacedPrefix.length);
    if (names.includes(original)) {
      await rm(path, { recursive: true, force: true });
    } else {
      await rename(path, join(folder, original));
      await syncFolder(folder);
    }
  }
}
