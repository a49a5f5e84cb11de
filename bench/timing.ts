/** Milliseconds of each of `repeats` calls, after `warmup` calls that do not count. */
export async function timeCalls(call: () => Promise<unknown>, repeats: number, warmup = 2): Promise<number[]> {
  const times: number[] = [];
  for (let i = -warmup; i < repeats; i++) {
    const start = performance.now();
    await call();
    if (i >= 0) times.push(performance.now() - start);
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
