/** A phrase-based translator, a table or a language model that cannot be used as it is; the message is for people. */
export class PhraseError extends Error {
  override readonly name = "PhraseError";
}
