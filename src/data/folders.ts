/** Folders that are made for what is written, and go again where nothing was. */
import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DataError, messageOf } from "./data-error.ts";
import { errorCode } from "./durable-files.ts";

/**
 * Makes a folder and those above it that are not there. Node's `mkdir` with `recursive` never returns where the system
 * takes no new folder and says that the one above is missing, as under /proc.
 *
 * @returns the outermost folder that was made
 * @throws DataError where one cannot be made
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let folder = resolve(path); !(await isFolder(folder)); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    await mkdir(folder).catch(async (error: unknown) => {
      if (errorCode(error) === "EEXIST" && await isFolder(folder)) return; // another process made it meanwhile
      throw new DataError(`The folder ${path} cannot be made (${messageOf(error)}); name another.`, { cause: error });
    });
  }
  return missing[0];
}

/** Removes a folder and those above it, `outermost` the last of them, as far as they are empty. */
export async function removeEmptyFolders(path: string, outermost: string): Promise<void> {
  for (let folder = resolve(path); folder.length >= outermost.length; folder = dirname(folder)) {
    if (!(await rmdir(folder).then(() => true, () => false))) return;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}
