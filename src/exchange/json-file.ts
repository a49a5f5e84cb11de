import { readFile } from "node:fs/promises";
import { z } from "zod";
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

/** Checks a value that came from a file. @throws ExchangeError that names the file and the fields that do not fit */
export function checkJson<Schema extends z.ZodType>(path: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: field, message }) => `${field.join(".") || "the whole"}: ${message}`);
  throw new ExchangeError(`${path} is not as expected: ${problems.join("; ")}.`);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ExchangeError(`${path} is not JSON (${reasonOf(cause)}); download or write it again.`, { cause });
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
