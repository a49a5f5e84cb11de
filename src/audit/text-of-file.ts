import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { errorCode } from "../data/durable-files.ts";
import { AuditError } from "./audit-error.ts";

/** All of a UTF-8 file. @throws AuditError where it is missing or is not UTF-8 */
export async function textOfFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new AuditError(`${file} does not exist; give the path of a file, absolute or relative to ${process.cwd()}.`);
  });
  if (!isUtf8(bytes)) throw new AuditError(`${file} is not UTF-8; convert it, for example with iconv.`);
  return bytes.toString();
}
