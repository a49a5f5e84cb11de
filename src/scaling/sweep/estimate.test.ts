import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { input } from "../../graph/tensor.ts";
import { planSweep, type PlannedTraining } from "./design.ts";
import { makespan, measureSpeeds, requireMemory, secondsOf, speedAt } from "./estimate.ts";
import { makeSweepPlace, type SweepPlace } from "./fixtures/sweep-folder.ts";
import { SweepData } from "./sweep-data.ts";
import { peakBytes } from "./training-size.ts";

let place: SweepPlace;
let planned: PlannedTraining[];
beforeAll(async () => {
  place = await makeSweepPlace();
  planned = await planSweep(place.sweep({ design: { kind: "grid", parameters: [3e3, 3e4], tokens: [320, 3200] }, shape: { multiple: 8 } }));
});
afterAll(() => place.remove());

describe("time", () => {
  test.prop([fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 8 })])(
    "the last of several processes ends between what no order beats and what the longest first reaches (Graham 1969)", (seconds, jobs) => {
      const sum = seconds.reduce((all, each) => all + each, 0);
      const least = Math.max(sum / jobs, ...seconds);
      expect(makespan(seconds, jobs)).toBeGreaterThanOrEqual(least * (1 - 1e-12));
      expect(makespan(seconds, jobs)).toBeLessThanOrEqual(sum / jobs + Math.max(...seconds) * (1 - 1 / jobs) + 1e-9);
    },
  );

  test.prop([fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 1e8, max: 1e12, noNaN: true })])("a speed that is a power of a step's operations is found between those measured", (exponent, flopsOfStep) => {
    const speed = (flops: number): number => 3 * flops ** exponent;
    const speeds = [1e8, 1e10, 1e12].map((each) => ({ flopsOfStep: each, flopsPerSecond: speed(each) }));
    expect(speedAt(speeds, flopsOfStep) / speed(flopsOfStep)).toBeCloseTo(1, 9);
  });

  it("of equal networks, what is ten times as long takes ten times as long, but for its validations", async () => {
    const speeds = await measureSpeeds(planned, new SweepData(), 1);
    expect(speeds.map(({ flopsPerSecond }) => flopsPerSecond > 1e6)).toEqual([true, true]);
    const [short, long] = planned.map((each) => secondsOf({ ...each, size: { ...each.size, validationFlops: 0 } }, speeds));
    expect((long ?? 0) / (short ?? 1)).toBeCloseTo(10, 6);
  });
});

describe("memory", () => {
  it("what is alive at once is counted until its last use", () => {
    const x = input("x", "float32", ["batch", 4]);
    const y = x.add(1); // 3 rows of 4 numbers of 4 bytes: 48, as x
    const z = y.multiply(y).add(y);
    // x is gone once y is there; the square, y and their sum are the most at once.
    expect(peakBytes([z.sum()], new Map([["batch", 3]]))).toBe(3 * 48);
  });

  it("grows with the network, and holds weights, gradients and moments at least", () => {
    const bytes = planned.map(({ size }) => size.memoryBytes);
    expect(Math.max(...bytes)).toBe(bytes.at(-1));
    for (const { size } of planned) expect(size.memoryBytes).toBeGreaterThan(16 * size.totalParameters);
  });

  it("a sweep that does not fit is refused in one sentence", () => {
    const [mebibyte, largest] = [2 ** 20, Math.max(...planned.map(({ size }) => size.memoryBytes))];
    const ask = (available: number, jobs: number) => (): void => requireMemory(planned, { jobs, available, process: mebibyte });
    expect(ask(largest, 1)).toThrow(/^The training n19.3k-d320 needs about \d+ MiB of memory, but there are \d+ MiB; .*--memory what that has\.$/);
    expect(ask(largest + mebibyte, 2)).toThrow(/^The 2 largest trainings need about \d+ MiB of memory together.*--jobs 1\.$/);
    expect(ask(largest + mebibyte, 1)).not.toThrow();
  });
});
