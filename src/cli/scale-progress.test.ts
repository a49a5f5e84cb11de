import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SweepRun } from "../scaling/sweep/sweep-runs.ts";
import type { TrainingProgress } from "../scaling/sweep/training-result.ts";
import { SweepProgress } from "./scale-progress.ts";

const read = vi.hoisted(() => ({ wait: [] as ((progress: TrainingProgress) => void)[] }));
vi.mock("../scaling/sweep/training-result.ts", () => ({ readProgress: () => new Promise<TrainingProgress>((resolve) => read.wait.push(resolve)) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("prints nothing any more once it is closed, whatever was still being read", async () => {
  const printed: string[] = [];
  const run = { name: "small", folder: "sweep/small", result: undefined, size: { steps: 10, readTokens: 100, flops: 1e6 } } as unknown as SweepRun;
  const progress = new SweepProgress({ out: () => undefined, err: (text) => printed.push(text), interactive: true, columns: 80 }, [run]);
  progress.change(run, { kind: "running", attempt: 0 });
  await vi.advanceTimersByTimeAsync(1000);
  progress.close();
  const before = printed.length;
  expect(before).toBe(1);
  for (const go of read.wait) go({ step: 3, loss: 2, tokensPerSecond: 10 });
  await vi.advanceTimersByTimeAsync(5000);
  expect(printed).toHaveLength(before);
});
