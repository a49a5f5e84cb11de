/** Text, scores or a model that cannot be audited as it is. The message names it, what was found and what to do. */
export class AuditError extends Error {
  override readonly name = "AuditError";
}
