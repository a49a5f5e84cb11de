import { TransportError } from "../transport.ts";

/** Times that a wait is looked at before it has lasted too long. */
const LOOKS = 20;
const LONGEST_LOOK_MILLISECONDS = 1000;

/** How a rank gets on with the others. */
export interface Activity {
  /** Operations with other ranks that have ended. */
  readonly completed: number;
  /** Whom it waits for, where it waits: "rank 1 waited for …". */
  readonly waiting: string | undefined;
}

interface Wait {
  readonly fail: (error: Error) => void;
  readonly what: string | (() => string);
  looks: number;
}

/** Operations that wait for other ranks: all of them fail where one rank does, each where it waits too long. */
export class Waits {
  readonly #pending = new Set<Wait>();
  readonly #look: number;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #completed = 0;

  constructor(readonly seconds: number) {
    this.#look = Math.min((seconds * 1000) / LOOKS, LONGEST_LOOK_MILLISECONDS);
  }

  /**
   * Begins an operation, which calls `done` or `fail` when it has ended. Nobody needs to wait for the promise: an error
   * in one that was not waited for ends no process.
   *
   * @param what whom it waits for, for the message of an error: "rank 1 waited for …"
   */
  run(what: Wait["what"], begin: (done: () => void, fail: (error: Error) => void) => void): Promise<void> {
    return unattended(new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      const wait: Wait = {
        what, looks: 0,
        fail: (error) => {
          this.#pending.delete(wait);
          reject(error);
        },
      };
      this.#pending.add(wait);
      this.#timer ??= setInterval(this.#count, this.#look);
      try {
        begin(() => {
          this.#pending.delete(wait);
          this.#completed++;
          resolve();
        }, wait.fail);
      } catch (error) {
        wait.fail(error instanceof Error ? error : new Error(String(error)));
      }
    }));
  }

  /** Fails whatever waits and whatever begins from now on. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const wait of [...this.#pending]) wait.fail(this.#failure);
  }

  /** What has ended, and the operation that has waited longest. */
  activity(): Activity {
    const [longest] = this.#pending;
    return { completed: this.#completed, waiting: longest && textOf(longest) };
  }

  /** Time in which this thread computes, so that nothing can arrive, is no waiting: the timer fires once after it. */
  readonly #count = (): void => {
    if (this.#pending.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const wait of [...this.#pending]) {
      if (++wait.looks * this.#look < this.seconds * 1000) continue;
      const text = textOf(wait);
      wait.fail(new TransportError(`${text.charAt(0).toUpperCase()}${text.slice(1)}, for ${this.seconds} s.`));
    }
  };
}

function textOf({ what }: Wait): string {
  return typeof what === "string" ? what : what();
}

/** A promise whose error ends no process where nobody waits for it; who does, still gets it. */
export function unattended<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
