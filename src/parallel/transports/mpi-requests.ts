import { availableParallelism } from "node:os";
import koffi from "koffi";
import type { Message } from "../transport.ts";
import { STATUS_BYTES } from "./mpi-functions.ts";
import { addressOf, type HandleCell, type MpiLibrary } from "./mpi-library.ts";

/** What MPI reads or writes while an operation is in flight: it must neither move nor be collected. */
export type Held = readonly (Message | BigInt64Array)[];

export interface Ends {
  /** Throws nothing. @param status where MPI_Status lies */
  readonly completed: (status: bigint) => void;
  readonly failed: (error: unknown) => void;
}

interface Request extends Ends {
  readonly cell: HandleCell;
  readonly held: Held;
}

/** Microseconds of looking again and again, before anything else of this process may run. */
const SPIN = 20;
/** Milliseconds of waiting after which the processor is left to others between two looks. */
const NAP_AFTER = 5;
/** Milliseconds of waiting after which the event loop sleeps between two looks, a millisecond at least. */
const SLEEP_AFTER = 50;
const LONGEST_SLEEP = 5;
/** Microseconds of a nap; the kernel adds about 50 (PR_SET_TIMERSLACK). */
const NAP = 40;

/**
 * Operations in flight. MPI tells of their end only when asked, and makes progress only then: who asks without pause takes
 * the processor from ranks that compute, who asks seldom learns late. So the longer nothing has ended, the longer the
 * pauses.
 */
export class Requests {
  readonly #library: MpiLibrary;
  readonly #pending = new Set<Request>();
  /** What MPI may still write to although nobody waits for it any more. */
  readonly #abandoned: Request[] = [];
  readonly #flag = new Int32Array(1);
  readonly #flagAddress = addressOf(this.#flag);
  readonly #status = new Uint8Array(STATUS_BYTES);
  readonly #statusAddress = addressOf(this.#status);
  readonly #nap = sleepFunction();
  /** More ranks than processors: looking again at once would keep the awaited rank from running. */
  readonly #crowded: boolean;
  #polling = false;
  #idleSince = 0;

  constructor(library: MpiLibrary, localRanks: number) {
    this.#library = library;
    this.#crowded = localRanks > availableParallelism();
  }

  /** Begins an operation: `begin` gets where the request goes. An error that it throws is thrown. */
  start(begin: (request: bigint) => void, held: Held, ends: Ends): Request | undefined {
    const request: Request = { ...ends, cell: this.#library.cell(), held };
    begin(request.cell.address);
    if (this.#test(request)) return undefined;
    this.#pending.add(request);
    if (!this.#polling) {
      this.#polling = true;
      this.#idleSince = performance.now();
      setImmediate(this.#poll);
    }
    return request;
  }

  /** Stops looking whether an operation has ended. */
  abandon(request: Request): void {
    if (this.#pending.delete(request)) this.#abandoned.push(request);
  }

  readonly #poll = (): void => {
    const began = performance.now();
    let completed = this.#testAll();
    if (!this.#crowded) while (!completed && (performance.now() - began) * 1000 < SPIN) completed = this.#testAll();
    if (this.#pending.size === 0) {
      this.#polling = false;
      return;
    }
    const now = performance.now();
    if (completed) this.#idleSince = now;
    const idle = now - this.#idleSince;
    if (idle > SLEEP_AFTER) {
      setTimeout(this.#poll, Math.min(idle / 50, LONGEST_SLEEP));
    } else {
      if (!completed && (this.#crowded || idle > NAP_AFTER)) this.#nap(NAP);
      setImmediate(this.#poll);
    }
  };

  /** Whether any has ended. */
  #testAll(): boolean {
    let completed = false;
    for (const request of this.#pending) {
      if (!this.#test(request)) continue;
      this.#pending.delete(request);
      completed = true;
    }
    return completed;
  }

  /** Whether this one has ended, in which case it was told so. */
  #test(request: Request): boolean {
    try {
      this.#library.call("Test", request.cell.address, this.#flagAddress, this.#statusAddress);
    } catch (error) {
      request.failed(error);
      return true;
    }
    if (this.#flag[0] === 0) return false;
    request.completed(this.#statusAddress);
    return true;
  }
}

/** `usleep` of the C library: timers of the event loop sleep a millisecond or more. */
function sleepFunction(): (microseconds: number) => void {
  const library = koffi.load(null);
  const usleep = library.func("usleep", "int", ["uint32_t"]) as (microseconds: number) => number;
  return (microseconds) => void usleep(microseconds);
}
