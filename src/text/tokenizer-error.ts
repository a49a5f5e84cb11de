/** A tokenizer that cannot be trained, read or applied as asked. The message says what to do. */
export class TokenizerError extends Error {
  override readonly name = "TokenizerError";
}
