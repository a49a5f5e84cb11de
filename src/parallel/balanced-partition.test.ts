import fc from "fast-check";
import { expect, it } from "vitest";
import { balancedPartition } from "./balanced-partition.ts";

const sumsOf = (costs: readonly number[], starts: readonly number[]): number[] => starts.map((start, part) => (
  costs.slice(start, starts[part + 1]).reduce((sum, cost) => sum + cost, 0)));
const squares = (sums: readonly number[]): number => sums.reduce((total, sum) => total + sum * sum, 0);

/** Every cut of `count` elements into contiguous parts that are not empty. */
function everyCut(count: number, parts: number, from = 0): number[][] {
  if (parts === 1) return [[from]];
  return Array.from({ length: count - from - parts + 1 }, (_, at) => at + 1)
    .flatMap((length) => everyCut(count, parts - 1, from + length).map((rest) => [from, ...rest]));
}

it("no cut has a smaller largest part, and none with as small a one is more even", () => {
  const whole = fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }).chain((costs) => (
    fc.record({ costs: fc.constant(costs), parts: fc.integer({ min: 1, max: costs.length }) })));
  fc.assert(fc.property(whole, ({ costs, parts }) => {
    const starts = balancedPartition(costs, parts);
    const all = everyCut(costs.length, parts).map((cut) => sumsOf(costs, cut));
    const least = Math.min(...all.map((sums) => Math.max(...sums)));
    expect(starts).toHaveLength(parts);
    expect(starts.every((start, part) => part === 0 ? start === 0 : start > (starts[part - 1] ?? 0))).toBe(true);
    expect(Math.max(...sumsOf(costs, starts))).toBe(least);
    expect(squares(sumsOf(costs, starts))).toBe(Math.min(...all.filter((sums) => Math.max(...sums) === least).map(squares)));
  }), { numRuns: 2_000 });
});

it("of fractions too, where sums round", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 9 }), (costs) => {
    const least = Math.min(...everyCut(costs.length, 4).map((cut) => Math.max(...sumsOf(costs, cut))));
    expect(Math.max(...sumsOf(costs, balancedPartition(costs, 4)))).toBeCloseTo(least, 12);
  }), { numRuns: 500 });
});

it("1,024 stages of 4,096 units take less than seconds", () => {
  const costs = Array.from({ length: 4_096 }, (_, at) => 1 + (at * 7_919) % 13);
  const begun = process.cpuUsage();
  const sums = sumsOf(costs, balancedPartition(costs, 1_024));
  expect(process.cpuUsage(begun).user).toBeLessThan(2_000_000); // microseconds of a processor, whatever else it has to do
  expect(Math.max(...sums)).toBeLessThan(2 * 4 * 7);
});

it("says why it cannot cut", () => {
  expect(() => balancedPartition([1, 2], 3)).toThrow("2 units cannot be cut into 3 stages of at least one unit each; choose 1 to 2 stages.");
  expect(() => balancedPartition([1, 2], 0)).toThrow("into 0 stages");
  expect(() => balancedPartition([1, NaN], 1)).toThrow("Cost 1 of 2 is NaN; expected is a finite number of at least 0.");
});
