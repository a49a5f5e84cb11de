import { constants } from "node:os";
import koffi from "koffi";

/**
 * Makes an abort of this process wait 6 seconds. A rank that reads a killed one's memory is aborted by UCX, and would be gone
 * before the killed one's connection is closed, for the kernel takes its threads down first: the wrong rank would be named.
 * Meanwhile the watcher hears of the right one, and ends this.
 */
export function lingerAtAbort(): void {
  const library = koffi.load(null);
  const signal = library.func("signal", "void *", ["int", "void *"]) as (number: number, handler: unknown) => unknown;
  signal(constants.signals.SIGABRT, library.symbol("sleep")); // sleep gets the signal's number, 6, as seconds
}
