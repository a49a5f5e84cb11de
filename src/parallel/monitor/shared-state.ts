import { ENGINE_RUNS } from "../../engines/activity.ts";
import type { Activity } from "../transports/waits.ts";

/** Memory shared between the threads: it goes to a worker as it is. */
export interface SharedState {
  /** Turns of the event loop that were noticed, operations that have ended, bytes of the text. */
  readonly numbers: Int32Array;
  readonly text: Uint8Array;
  readonly engineRuns: Int32Array;
}

const LONGEST_TEXT = 1024;

export function createSharedState(): SharedState {
  return { numbers: new Int32Array(new SharedArrayBuffer(12)), text: new Uint8Array(new SharedArrayBuffer(LONGEST_TEXT)), engineRuns: ENGINE_RUNS };
}

/** By the main thread, in turns of its event loop. */
export function writeState({ numbers, text }: SharedState, { completed, waiting = "" }: Activity): void {
  const bytes = new TextEncoder().encode(waiting).subarray(0, LONGEST_TEXT);
  Atomics.store(numbers, 2, 0);
  text.set(bytes);
  Atomics.store(numbers, 2, bytes.length);
  Atomics.store(numbers, 1, completed);
  Atomics.add(numbers, 0, 1);
}

/** How a rank is, in seconds. */
export interface Vitals {
  /** Since its event loop last turned: while it computes, it does not. */
  readonly silent: number;
  /** Since something ended: an operation with other ranks, or a run of a compiled program. */
  readonly idle: number;
  /** Whom it waits for, where it waits. */
  readonly waiting?: string | undefined;
}

/** By the other thread: what has changed since it looked before. */
export class StateReader {
  readonly #state: SharedState;
  #turns = 0;
  #ended = "";
  #turned: number;
  #progressed: number;

  constructor(state: SharedState, now: number) {
    this.#state = state;
    this.#turned = now;
    this.#progressed = now;
  }

  /** @param now milliseconds */
  look(now: number): Vitals {
    const { numbers, text, engineRuns } = this.#state;
    const turns = Atomics.load(numbers, 0);
    if (turns !== this.#turns) this.#turned = now;
    this.#turns = turns;
    const ended = `${Atomics.load(numbers, 1)} ${Atomics.load(engineRuns, 0)}`;
    if (ended !== this.#ended) this.#progressed = now;
    this.#ended = ended;
    const length = Atomics.load(numbers, 2);
    return {
      silent: (now - this.#turned) / 1000, idle: (now - this.#progressed) / 1000,
      waiting: length === 0 ? undefined : new TextDecoder().decode(text.slice(0, length)),
    };
  }

  /** Forgets how long nothing has changed: this process itself stood still. */
  restart(now: number): void {
    this.#turned = now;
    this.#progressed = now;
  }
}
