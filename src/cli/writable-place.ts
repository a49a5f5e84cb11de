import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "./errors.ts";

/** Before work that may take minutes, whose result would be lost. @throws CommandError where a file could not be written, for want of its folder or of leave */
export async function requireWritablePlaces(...files: readonly (string | undefined)[]): Promise<void> {
  for (const file of files) {
    if (file === undefined) continue;
    const folder = dirname(file);
    if (!await stat(folder).then((found) => found.isDirectory(), () => false)) throw new CommandError(`${folder}, the folder of ${file}, does not exist; make it first.`);
    if (!await access(folder, constants.W_OK).then(() => true, () => false)) throw new CommandError(`${folder}, the folder of ${file}, may not be written to; name a file elsewhere.`);
  }
}
