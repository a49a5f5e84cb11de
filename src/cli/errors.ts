import { CommanderError } from "commander";
import type { Io } from "./io.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Arguments that parse one by one but make no sense together. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something that a command cannot do, for a reason that is the user's to remove. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The user stopped a command, which has saved its work and said so. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

/** Errors whose message is all that a user needs. */
const expected: ReadonlySet<string> = new Set([
  "CheckpointError", "CommandError", "ConfigError", "ConstraintError", "DataError", "ExchangeError", "GraphError", "LockError", "MetricsLogError", "NBestError",
  "RunDirectoryError", "SafetensorsError", "ScheduleError", "TokenizerError", "TrainingError", "TransportError", "UsageError",
]);

/** Tells the user what went wrong, and gives the exit code. Only an error that nobody foresaw shows its stack. */
export function reportError(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // commander has printed it
  if (error instanceof Interruption) return EXIT.interrupted;
  if (!(error instanceof Error)) {
    io.err(`decade: ${String(error)}\n`);
    return EXIT.failed;
  }
  const known = expected.has(error.name) || isSystemError(error);
  io.err(`decade: ${known ? error.message : error.stack ?? error.message}\n`);
  return error.name === "UsageError" ? EXIT.usage : EXIT.failed;
}

/** A refusal of the operating system: a full disk, a folder that may not be written. */
function isSystemError(error: Error): boolean {
  return "syscall" in error && "code" in error && typeof error.code === "string";
}
