/** A task, a budget or an endpoint that cannot be used as it is. The message names it, what was found and what to do. */
export class ThinkError extends Error {
  override readonly name = "ThinkError";
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
