import { TransportError } from "../transport.ts";

/** Operations that wait for other ranks: all of them fail where one rank does, each where it waits too long. */
export class Waits {
  readonly #pending = new Set<(error: Error) => void>();
  #failure: Error | undefined;

  constructor(readonly seconds: number) {}

  /**
   * Begins an operation, which calls `done` or `fail` when it has ended. Nobody needs to wait for the promise: an error
   * in one that was not waited for ends no process.
   *
   * @param what whom it waits for, for the message of an error: "rank 1 waited for …"
   */
  run(what: string | (() => string), begin: (done: () => void, fail: (error: Error) => void) => void): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      const timer = setTimeout(() => {
        const text = typeof what === "string" ? what : what();
        fail(new TransportError(`${text.charAt(0).toUpperCase()}${text.slice(1)}, for ${this.seconds} s.`));
      }, this.seconds * 1000);
      const end = (): void => {
        clearTimeout(timer);
        this.#pending.delete(fail);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      this.#pending.add(fail);
      try {
        begin(() => { end(); resolve(); }, fail);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    promise.catch(() => {});
    return promise;
  }

  /** Fails whatever waits and whatever begins from now on. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const fail of [...this.#pending]) fail(this.#failure);
  }
}
