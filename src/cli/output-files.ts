import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError, messageOf } from "../data/data-error.ts";
import { makeFolders } from "../data/folders.ts";
import { CommandError, UsageError } from "./errors.ts";

/** @throws UsageError where a model would be written over the one that it is read from */
export async function refuseOwnFolder(source: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([source, output].map((path) => realpath(path).catch(() => undefined)));
  if (from !== undefined && from === to) throw new UsageError(`--output ${output} is the folder that is read, whose weights would be written over; give another.`);
}

/** @throws UsageError where a file that will be written, by its option, is a file that is read, or another that will be written */
export async function refuseSameFile(files: Readonly<Record<string, string>>): Promise<void> {
  const seen = new Map<string, string>();
  for (const [option, file] of Object.entries(files)) {
    const place = await realpath(file).catch(async () => join(await realpath(dirname(file)), basename(file)));
    const other = seen.get(place);
    if (other !== undefined) throw new UsageError(`${option} ${file} is the file of ${other}, which would be written over; give another.`);
    seen.set(place, option);
  }
}

/**
 * Makes the folders of files that a command will write, before work that may take long, whose result would be lost.
 *
 * @throws CommandError where a file is a folder, or its folder cannot be made or written to
 */
export async function prepareOutputs(...files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue;
    if (/[/\\]$/.test(file) || (await stat(file).catch(() => undefined))?.isDirectory() === true) throw new CommandError(`${file} is a folder, where a file is to be written; name a file in it.`);
    const folder = dirname(file);
    try {
      await makeFolders(folder);
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new CommandError(`${file} cannot be written in ${folder} (${messageOf(error instanceof DataError ? error.cause : error)}); name a file elsewhere.`);
    }
  }
}
