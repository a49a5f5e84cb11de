import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../data/data-error.ts";
import { makeFolders } from "../data/folders.ts";
import { CommandError } from "./errors.ts";

/**
 * Makes the folders of files that a command will write, before work that may take long, whose result would be lost.
 *
 * @throws DataError where a folder cannot be made
 * @throws CommandError where it cannot be written to
 */
export async function prepareOutputs(...files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue;
    const folder = dirname(file);
    await makeFolders(folder);
    try {
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new CommandError(`${file} cannot be written in ${folder} (${messageOf(error)}); name a file elsewhere.`);
    }
  }
}
