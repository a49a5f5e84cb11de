/** A task, a budget or an endpoint that cannot be used as it is. The message names it, what was found and what to do. */
export class ThinkError extends Error {
  override readonly name = "ThinkError";
}
