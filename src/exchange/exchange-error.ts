/** A folder of another library that cannot be read, or a model that cannot be written for one. The message says what to do. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
}
