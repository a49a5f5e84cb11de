import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { learningRate, type Schedule, type SchedulePoint } from "./schedules.ts";

const START: SchedulePoint = { step: 0, totalSteps: 100, epoch: 0, reductions: 0 };

/** The rate of the n-th step, counted from 1. */
function nth(schedule: Schedule, step: number, peak = 1): number {
  return learningRate(schedule, peak, { ...START, step: step - 1 });
}

describe("closed forms", () => {
  test("constant: a line up to the peak, which the last step of the warm-up has, then the peak", () => {
    const schedule: Schedule = { kind: "constant", warmup: 4 };
    expect([1, 2, 3, 4, 5, 100].map((step) => nth(schedule, step, 2))).toEqual([0.5, 1, 1.5, 2, 2, 2]);
    expect(nth({ kind: "constant", warmup: 0 }, 1, 2)).toBe(2);
  });

  test("linear: from the peak after the warm-up straight down to the final share when training ends", () => {
    const schedule: Schedule = { kind: "linear", warmup: 20, final: 0.2 };
    expect(nth(schedule, 20)).toBe(1);
    expect(nth(schedule, 21)).toBe(1);
    expect(nth(schedule, 61)).toBeCloseTo(0.6, 12); // half of the 80 steps have been taken
    expect(nth(schedule, 101)).toBeCloseTo(0.2, 12);
    expect(nth(schedule, 150)).toBeCloseTo(0.2, 12);
  });

  test("cosine: half the way down in the middle, flat at both ends", () => {
    const schedule: Schedule = { kind: "cosine", warmup: 0, final: 0 };
    expect(nth(schedule, 1)).toBe(1);
    expect(nth(schedule, 26)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(nth(schedule, 51)).toBeCloseTo(0.5, 12);
    expect(nth(schedule, 101)).toBeCloseTo(0, 12);
    expect(nth({ ...schedule, final: 0.1 }, 51)).toBeCloseTo(0.55, 12);
  });

  test("stable, then down: the peak after the warm-up, and over the last share of the steps a straight line to the final share", () => {
    const schedule: Schedule = { kind: "stable-decay", warmup: 4, decay: 0.2, final: 0.1 };
    expect([1, 2, 4, 5, 81].map((step) => nth(schedule, step, 2))).toEqual([0.5, 1, 2, 2, 2]); // 80 of 100 steps taken
    expect(nth(schedule, 91)).toBeCloseTo(0.55, 12); // half of the 20 steps down
    expect(nth(schedule, 101)).toBeCloseTo(0.1, 12);
    expect(nth(schedule, 150)).toBeCloseTo(0.1, 12);
  });

  test("step: the factor once `after` passes are over, and again every `every`", () => {
    const at = (epoch: number): number => learningRate({ kind: "step", after: 6, every: 2, factor: 0.25 }, 8, { ...START, epoch });
    expect([0, 5.99, 6, 7.99, 8, 10].map(at)).toEqual([8, 8, 2, 2, 0.5, 0.125]);
  });

  test("inverse square root: d^-0.5 · min(n^-0.5, n · warmup^-1.5) of Vaswani et al. 2017, eq. 3, as a share of its peak", () => {
    const schedule: Schedule = { kind: "inverse-sqrt", warmup: 4000 };
    const paper = (step: number): number => 512 ** -0.5 * Math.min(step ** -0.5, step * 4000 ** -1.5);
    for (const step of [1, 10, 3999, 4000, 4001, 100_000]) {
      expect(nth(schedule, step, paper(4000))).toBeCloseTo(paper(step), 15);
    }
    expect(nth({ kind: "inverse-sqrt", warmup: 0 }, 4)).toBe(0.5);
  });

  /**
   * Section 3.4: "a fixed learning rate of 0.7. After 5 epochs, we begun halving the learning rate every half epoch.
   * We trained our models for a total of 7.5 epochs." Read as: the first halving comes when the fifth epoch is over,
   * so that the two and a half epochs that are left have five rates, 0.7 / 2 to 0.7 / 32.
   */
  test("halving: 0.7 for five epochs, then half of it each half epoch (Sutskever et al. 2014)", () => {
    const schedule: Schedule = { kind: "halving", after: 5, every: 0.5 };
    const at = (epoch: number): number => learningRate(schedule, 0.7, { ...START, epoch });
    expect([0, 1, 4.5, 4.999999].map(at)).toEqual([0.7, 0.7, 0.7, 0.7]);
    for (const [epoch, halvings] of [[5, 1], [5.499999, 1], [5.5, 2], [6, 3], [6.5, 4], [7, 5], [7.499999, 5]] as const) {
      expect(at(epoch), `epoch ${epoch}`).toBe(0.7 / 2 ** halvings);
    }
  });

  test("halving comes on time where epochs are counted in batches", () => {
    // With 7 batches an epoch, half an epoch ends within the fourth batch.
    const schedule: Schedule = { kind: "halving", after: 1, every: 0.5 };
    const rates = Array.from({ length: 21 }, (_, batch) => learningRate(schedule, 1, { ...START, epoch: Math.floor(batch / 7) + (batch % 7) / 7 }));
    expect(rates).toEqual([...Array<number>(7).fill(1), ...Array<number>(4).fill(0.5), ...Array<number>(3).fill(0.25), ...Array<number>(4).fill(0.125), ...Array<number>(3).fill(0.0625)]);
    // 1 + 36/100 is a little less than 1.36 in float64.
    expect(learningRate({ kind: "halving", after: 1.36, every: 0.5 }, 1, { ...START, epoch: 1 + 36 / 100 })).toBe(0.5);
  });

  test("plateau: the factor once for each reduction, never below the minimum", () => {
    const schedule: Schedule = { kind: "plateau", factor: 0.5, minimum: 0.2 };
    expect([0, 1, 2, 3, 10].map((reductions) => learningRate(schedule, 1, { ...START, reductions }))).toEqual([1, 0.5, 0.25, 0.2, 0.2]);
  });
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const warmup = fc.nat(50);
const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  fc.record({ kind: fc.constant("constant" as const), warmup }),
  fc.record({ kind: fc.constantFrom("linear" as const, "cosine" as const), warmup, final: share }),
  fc.record({ kind: fc.constant("stable-decay" as const), warmup, decay: fc.double({ min: 0.01, max: 1, noNaN: true }), final: share }),
  fc.record({ kind: fc.constant("inverse-sqrt" as const), warmup }),
  fc.record({ kind: fc.constant("step" as const), after: fc.double({ min: 0, max: 8, noNaN: true }), every: fc.double({ min: 0.1, max: 3, noNaN: true }), factor: fc.double({ min: 0.01, max: 0.99, noNaN: true }) }),
  fc.record({ kind: fc.constant("halving" as const), after: fc.double({ min: 0, max: 8, noNaN: true }), every: fc.double({ min: 0.01, max: 3, noNaN: true }) }),
  fc.record({ kind: fc.constant("plateau" as const), factor: fc.double({ min: 0.01, max: 0.99, noNaN: true }), minimum: fc.double({ min: 0, max: 0.1, noNaN: true }) }),
);
const peaks = fc.double({ min: 0.1, max: 10, noNaN: true });

describe("of every schedule", () => {
  test("the rate is positive until training ends, and never above the peak", () => {
    fc.assert(fc.property(schedules, peaks, fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 9, noNaN: true }), fc.nat(9), (schedule, peak, totalSteps, epoch, reductions) => {
      for (const step of [0, Math.floor(totalSteps / 3), totalSteps - 1]) {
        const rate = learningRate(schedule, peak, { step, totalSteps, epoch, reductions });
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(peak * (1 + 1e-15));
      }
    }));
  });

  test("the rate rises through the warm-up and does not rise after it", () => {
    fc.assert(fc.property(schedules, peaks, fc.integer({ min: 1, max: 200 }), (schedule, peak, totalSteps) => {
      const rise = "warmup" in schedule ? schedule.warmup : 0;
      const rates = Array.from({ length: totalSteps }, (_, step) => learningRate(schedule, peak, { step, totalSteps, epoch: step / 20, reductions: Math.floor(step / 50) }));
      rates.slice(1).forEach((rate, at) => {
        const before = rates[at] ?? NaN;
        if (at + 2 <= rise) expect(rate).toBeGreaterThan(before);
        else expect(rate).toBeLessThanOrEqual(before * (1 + 1e-12));
      });
      if (rise > 0 && rise <= totalSteps) expect(rates[rise - 1]).toBeCloseTo(peak, 12);
    }));
  });
});
