import { RuntimeSession } from "../src/engines/onnx/runtime.ts";

/** Milliseconds since some beginning. */
export type Clock = () => number;

/** Time that this process has computed, which other programs on the machine disturb little. It means nothing to threads that wait by computing. */
export const processorTime: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export const wallTime: Clock = () => performance.now();

/** Milliseconds of each of `repeats` calls, after `warmup` calls that do not count. */
export async function timeCalls(call: () => Promise<unknown>, repeats: number, warmup = 2, clock = wallTime): Promise<number[]> {
  const times: number[] = [];
  for (let i = -warmup; i < repeats; i++) {
    const start = clock();
    await call();
    if (i >= 0) times.push(clock() - start);
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** Peak resident memory of this process, MiB. */
export function peakMemoryMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Counts the milliseconds that programs spend inside the engine from now on; the rest of a step is TypeScript. */
export function watchEngine(): () => number {
  let inside = 0;
  const { run } = RuntimeSession.prototype;
  RuntimeSession.prototype.run = function (...given) {
    const start = performance.now();
    run.apply(this, given);
    inside += performance.now() - start;
  };
  return () => inside;
}
