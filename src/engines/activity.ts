/** How many runs of compiled programs have ended in this process, for another thread to see whether the main one gets on. */
export const ENGINE_RUNS = new Int32Array(new SharedArrayBuffer(4));

export function countRun(): void {
  Atomics.add(ENGINE_RUNS, 0, 1);
}
