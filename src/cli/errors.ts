import { CommanderError } from "commander";
import { EXIT_LOST } from "../parallel/monitor/exit-lost.ts";
import type { Io } from "./io.ts";

/** `lost`: processes of one training have lost each other; EX_TEMPFAIL of sysexits.h, it may go well when tried again. */
export const EXIT = { done: 0, failed: 1, usage: 2, lost: EXIT_LOST, interrupted: 130 } as const;

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

/** Something that has failed and was told already. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(readonly exitCode: number) {
    super("It was told what has failed.");
  }
}

/** Errors whose message is all that a user needs. */
const expected: ReadonlySet<string> = new Set([
  "AuditError", "CheckpointError", "CommandError", "ConfigError", "ConstraintError", "DataError", "ExchangeError", "GraphError", "LockError", "MetricsLogError", "NBestError", "NoTokenError", "NoTransportError",
  "PhraseError", "RunDirectoryError", "SafetensorsError", "ScalingError", "ScheduleError", "ThinkError", "TokenizerError", "TrainingError", "TransportError", "UsageError",
]);

/** What is said of an error, and the exit code. Only an error that nobody foresaw shows its stack. */
export function describeError(error: unknown): { code: number; text: string } {
  if (!(error instanceof Error)) return { code: EXIT.failed, text: String(error) };
  const known = expected.has(error.name) || isSystemError(error);
  const code = error.name === "UsageError" ? EXIT.usage : error.name === "TransportError" ? EXIT.lost : EXIT.failed;
  return { code, text: known ? error.message : error.stack ?? error.message };
}

/** Tells the user what went wrong, and gives the exit code. */
export function reportError(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // commander has printed it
  if (error instanceof Interruption) return EXIT.interrupted;
  if (error instanceof Failure) return error.exitCode;
  const { code, text } = describeError(error);
  io.err(`decade: ${text}\n`);
  return code;
}

/** A refusal of the operating system: a full disk, a folder that may not be written. */
function isSystemError(error: Error): boolean {
  return "syscall" in error && "code" in error && typeof error.code === "string";
}
