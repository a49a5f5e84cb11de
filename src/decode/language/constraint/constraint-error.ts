/** A constraint that no text can follow, or that this library cannot. The message says what to do. */
export class ConstraintError extends Error {
  override readonly name = "ConstraintError";
}
