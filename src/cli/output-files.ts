import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError, messageOf } from "../data/data-error.ts";
import { makeFolders } from "../data/folders.ts";
import { CommandError, UsageError } from "./errors.ts";

/** @throws UsageError where a model would be written over the one that it is read from */
export async function refuseOwnFolder(source: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([source, output].map((path) => realpath(path).catch(() => undefined)));
  if (from !== undefined && from === to) throw new UsageError(`--output ${output} is the folder that is read, whose weights would be written over; give another.`);
}

/**
 * Makes the folders of files that a command will write, before work that may take long, whose result would be lost.
 *
 * @throws CommandError where a folder cannot be made or written to
 */
export async function prepareOutputs(...files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue;
    const folder = dirname(file);
    try {
      await makeFolders(folder);
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new CommandError(`${file} cannot be written in ${folder} (${messageOf(error instanceof DataError ? error.cause : error)}); name a file elsewhere.`);
    }
  }
}
