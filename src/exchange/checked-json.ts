import type { z } from "zod";
import { ExchangeError } from "./exchange-error.ts";

/** Checks a value that came from a file. @throws ExchangeError that names the file and the fields that do not fit */
export function checkJson<Schema extends z.ZodType>(path: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: field, message }) => `${field.join(".") || "the whole"}: ${message}`);
  throw new ExchangeError(`${path} is not as expected: ${problems.join("; ")}.`);
}

/** @throws ExchangeError that names the file */
export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ExchangeError(`${path} is not JSON (${reasonOf(cause)}); download or write it again.`, { cause });
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
