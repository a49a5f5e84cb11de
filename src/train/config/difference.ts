import { ConfigError } from "./config.ts";

/** A field whose value differs between two configurations. */
export interface Difference {
  readonly path: string;
  readonly stored: unknown;
  readonly given: unknown;
}

/** What a checkpoint is made of: with another value it would be of another network. Dropout has no weights. */
const FIXED = /^(model(?!\.dropout$)|tokenizer|seed)(\.|$)/;

/**
 * Compares the configuration of a run with the one it is to be resumed under. Returns a sentence on what has changed,
 * `undefined` where nothing has. Throws a ConfigError where the checkpoint cannot go on under it.
 */
export function resumedUnder(stored: object, given: object, fixed = FIXED): string | undefined {
  const differences = differencesOf("", stored, given);
  const broken = differences.filter(({ path }) => fixed.test(path));
  if (broken.length > 0) {
    throw new ConfigError(broken.map((difference) => `${sentence(difference)}; a run keeps it for life. Restore it, or train under another name.`));
  }
  if (differences.length === 0) return undefined;
  return `Resumed under a changed configuration: ${differences.map(sentence).join("; ")}.`;
}

function sentence({ path, stored, given }: Difference): string {
  return `${path} was ${text(stored)} and is now ${text(given)}`;
}

function text(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}

/** The fields that differ, innermost ones. `path` of the two values themselves. */
export function differencesOf(path: string, stored: unknown, given: unknown): Difference[] {
  if (isRecord(stored) && isRecord(given)) {
    return [...new Set([...Object.keys(stored), ...Object.keys(given)])]
      .flatMap((key) => differencesOf(path === "" ? key : `${path}.${key}`, stored[key], given[key]));
  }
  return JSON.stringify(stored) === JSON.stringify(given) ? [] : [{ path, stored, given }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
