/** Data that cannot be used as it is. The message names the file and place, what was found and what to do. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/** The message of something caught, which may be anything. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
