import { fc, test } from "@fast-check/vitest";
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { runQueue, type Standing } from "./run-queue.ts";
import type { Attempt } from "./training-process.ts";

const failed: Attempt = { kind: "failed", error: "The loss is NaN." };

/** Items that fail so many times before they finish. */
async function work(failures: readonly number[], jobs: number, retries: number): Promise<{ starts: number[]; most: number; ends: Standing["kind"][] }> {
  const starts = failures.map(() => 0);
  let [atWork, most] = [0, 0];
  const standings = await runQueue({
    items: failures.map((_, item) => item), jobs, retries, signal: new AbortController().signal, onChange: () => undefined,
    run: async (item) => {
      most = Math.max(most, ++atWork);
      await setImmediate();
      atWork--;
      const start = starts[item] ?? 0;
      starts[item] = start + 1;
      return start < (failures[item] ?? 0) ? failed : { kind: "finished" };
    },
  });
  return { starts, most, ends: [...standings.values()].map(({ kind }) => kind) };
}

test.prop([fc.array(fc.nat(4), { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), fc.nat(3)])(
  "each starts until it finishes or has been tried often enough, so many at once, and none keeps another from its end", async (failures, jobs, retries) => {
    const { starts, most, ends } = await work(failures, jobs, retries);
    expect(starts).toEqual(failures.map((times) => Math.min(times, retries) + 1));
    expect(ends).toEqual(failures.map((times) => (times > retries ? "failed" : "finished")));
    expect(most).toBeLessThanOrEqual(jobs);
    if (failures.length >= jobs) expect(most).toBe(jobs);
  },
);

it("takes what throws for a failure, and goes on with the others", async () => {
  const standings = await runQueue<string>({
    items: ["a", "b"], jobs: 1, retries: 0, signal: new AbortController().signal, onChange: () => undefined,
    run: async (item) => {
      if (item === "a") throw new Error("The disk is full.");
      return { kind: "finished" };
    },
  });
  expect([...standings.values()]).toEqual([{ kind: "failed", error: "The disk is full." }, { kind: "finished" }]);
});

it("starts nothing more once it is told to stop", async () => {
  const controller = new AbortController();
  const standings = await runQueue<string>({
    items: ["a", "b", "c"], jobs: 1, retries: 3, signal: controller.signal, onChange: () => undefined,
    run: async (item) => {
      if (item === "b") controller.abort();
      return item === "b" ? failed : { kind: "finished" };
    },
  });
  expect([...standings.values()].map(({ kind }) => kind)).toEqual(["finished", "failed", "waiting"]);
});
