import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { checkJson, parseJson, reasonOf } from "./checked-json.ts";
import { ExchangeError } from "./exchange-error.ts";

/**
 * Reads a JSON file and checks it against a schema.
 *
 * @param what the file is, for the error where it is missing: "the model's configuration"
 * @throws ExchangeError that names the file and the fields that do not fit
 */
export async function readJsonFile<Schema extends z.ZodType>(path: string, schema: Schema, what: string): Promise<z.output<Schema>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ExchangeError(`${path}, ${what}, cannot be read (${reasonOf(cause)}); give a folder in the form of Hugging Face.`, { cause });
  });
  return checkJson(path, parseJson(path, text), schema);
}
