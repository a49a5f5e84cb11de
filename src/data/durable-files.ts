/** Writing files so that a kill at any instant leaves either the old or the new content. */
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "./data-error.ts";

/** Replaces a file's content: written beside it, flushed, renamed, and the folder flushed. */
export async function writeFileAtomically(path: string, content: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${uniqueSuffix()}.tmp`);
  try {
    await writeFlushed(temporary, content, path);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Removes what kills left of `writeFileAtomically` calls for files of a folder. No other process may be writing there. */
export async function removeUnfinished(folder: string, names: readonly string[]): Promise<void> {
  const isUnfinished = (found: string): boolean => names.some((name) => found.startsWith(`.${name}.`) && found.endsWith(".tmp"));
  for (const found of await readdir(folder)) if (isUnfinished(found)) await rm(join(folder, found), { force: true });
}

/** Writes a file and flushes it to the disk. @throws DataError that names the file, as `name` has it, where the disk is full */
export async function writeFlushed(path: string, content: string, name = path): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(content, "utf8");
    await handle.sync();
  } catch (error) {
    throw fullDisk(error, name);
  } finally {
    await handle.close();
  }
}

/** Flushes a folder's entries to the disk, where the platform can (Windows cannot open folders). */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name part that no other process or call uses. */
export function uniqueSuffix(): string {
  return `${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** What a write has failed by: of a full disk, an error that names the file, with the system's `code`; others as they are. */
export function fullDisk(error: unknown, path: string): unknown {
  const code = fullDiskCode(error);
  return code === undefined ? error : Object.assign(new DataError(`${path} cannot be written, for the disk is full (${code}); free some space, then try again.`, { cause: error }), { code });
}

/** The `code` of an error that says that a disk is full, or a user's part of it. */
export function fullDiskCode(error: unknown): string | undefined {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT" ? code : undefined;
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
