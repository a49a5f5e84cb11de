import { setTimeout as sleep } from "node:timers/promises";
import { ThinkError } from "../think-error.ts";

/** How calls of a model elsewhere are made. */
export interface RemoteOptions {
  /** Of one call, milliseconds; 120,000 by default. */
  readonly timeout?: number;
  /** Calls after the first, where it fails for a reason that may pass; 4 by default. */
  readonly retries?: number;
  /** Before the first retry, milliseconds; twice as long before each further one. 500 by default. */
  readonly delay?: number;
  /** Calls at the same time; 8 by default. */
  readonly concurrency?: number;
  /** Weights of the model, which take 2 FLOPs a token each (Kaplan et al. 2020, section 2.1); without them no FLOPs are told. */
  readonly parameters?: number;
}

/** A call that failed for a reason that may pass. */
export class PassingFailure extends Error {
  override readonly name = "PassingFailure";

  /** `after`: what the other side says how long to wait, milliseconds. */
  constructor(message: string, readonly after?: number) {
    super(message);
  }
}

/** The longest wait between two calls, milliseconds. */
const LONGEST_WAIT = 60_000;

/**
 * Makes a call, and makes it again where it fails for a reason that may pass or does not end in time.
 *
 * @param call is told to stop by its signal
 * @throws ThinkError that says how often it was made and what came of the last
 */
export async function withRetries<T>(
  name: string, call: (signal: AbortSignal) => Promise<T>, { timeout = 120_000, retries = 4, delay = 500 }: RemoteOptions, signal: AbortSignal | undefined,
): Promise<T> {
  for (let retry = 0; ; retry++) {
    signal?.throwIfAborted();
    const late = AbortSignal.timeout(timeout);
    try {
      return await call(signal === undefined ? late : AbortSignal.any([late, signal]));
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const failure = late.aborted ? new PassingFailure(`did not answer within ${timeout / 1000} s`) : error;
      if (!(failure instanceof PassingFailure)) throw failure;
      if (retry >= retries) throw new ThinkError(`${name} ${failure.message}, ${retry + 1} times in a row; see whether it runs, and give it more time if it does.`, { cause: error });
      await sleep(Math.min(LONGEST_WAIT, failure.after ?? delay * 2 ** retry), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Lets so many calls be made at the same time; others wait, in the order in which they came. */
export class CallSlots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(readonly count: number) {
    this.#free = count;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** Calls at the same time, where nothing is said. */
export const CONCURRENCY = 8;

/** Makes a call for each item. Where one fails, those that are not done yet are told to stop. */
export async function callForEach<Item, Result>(
  items: readonly Item[], signal: AbortSignal | undefined, call: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  try {
    return await Promise.all(items.map((item) => call(item, stop)));
  } catch (error) {
    failure.abort(error);
    throw error;
  }
}

/**
 * What stands before the first stop text. Neither protocol tells whether a text ended at a stop text or by itself, which is
 * what searches over steps go by; so stop texts are not asked for, and what is written behind one is thrown away.
 */
export function beforeStop(text: string, stop: readonly string[]): { readonly kept: string; readonly isStopped: boolean } {
  const places = stop.map((each) => text.indexOf(each)).filter((at) => at >= 0);
  return { kept: text.slice(0, places.length === 0 ? text.length : Math.min(...places)), isStopped: places.length > 0 };
}

/** Of English text, about; for models whose tokens are not known. */
const CHARACTERS_PER_TOKEN = 4;

export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Floating-point operations of reading and writing tokens; the last one that is written is not read again. */
export function remoteFlops(parameters: number | undefined, read: number, written: number): number | undefined {
  return parameters === undefined ? undefined : 2 * parameters * (read + written);
}
