/** A table, a law or a sweep that cannot be used as it is. The message names it, what was found and what to do. */
export class ScalingError extends Error {
  override readonly name = "ScalingError";
}
