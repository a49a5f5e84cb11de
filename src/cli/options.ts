/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { Translator } from "../train/translator/translator.ts";
import { CommandError } from "./errors.ts";

/** A whole number of at least 1. */
export function positiveInteger(text: string): number {
  return wholeNumber(text, 1);
}

/** A whole number of at least 0. */
export function nonNegativeInteger(text: string): number {
  return wholeNumber(text, 0);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(`Expected a whole number below ${2 ** 53}.`);
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

export function positiveNumber(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

export function nonNegativeNumber(text: string): number {
  const value = number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("Expected a number of at least 0.");
  return value;
}

/** Above 0 and up to 1. */
export function probability(text: string): number {
  const value = number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a probability above 0 and up to 1.");
  return value;
}

/** Gathers an option that may be repeated. */
export function repeated(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

export function jsonOption(): Option {
  return new Option("--json", "print the result as JSON, on the last line of standard output");
}

export function setOption(): Option {
  return new Option("--set <path=value>", "override a field of the configuration; may be repeated")
    .argParser(repeated).default([], "none");
}

export interface ModelFlags {
  readonly checkpoint: string;
  readonly ensemble?: readonly string[];
  readonly threads?: number;
}

/** Which weights a command uses, and on how many threads. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--checkpoint <which>", "best, latest, a step, the name of an average, or a folder", "best")
    .option("--ensemble <runs...>", "further runs, whose probabilities are averaged with the run's")
    .option("--threads <count>", "threads of one operation (default: as the run was trained)", positiveInteger);
}

/** Opens a run, or an ensemble with it, for as long as `use` takes. */
export async function withTranslator<Result>(
  run: string, { checkpoint, ensemble = [], threads }: ModelFlags, use: (translator: Translator) => Promise<Result>,
): Promise<Result> {
  const options = { checkpoint, ...(threads === undefined ? {} : { threads }) };
  const translator = await Translator.open([run, ...ensemble], options).catch((error: unknown) => {
    // Runs that do not go together are the user's choice.
    if (ensemble.length > 0 && error instanceof Error && error.name === "Error") throw new CommandError(error.message, { cause: error });
    throw error;
  });
  try {
    return await use(translator);
  } finally {
    await translator.dispose();
  }
}
