import { expect, test } from "vitest";
import { checkSeed, fillIntegers, philox } from "./counter-random.ts";

// The known answers that the Random123 library publishes for philox2x32 with 10 rounds.
test.each([
  { key: 0, low: 0, high: 0, expected: [0xff1dae59, 0x6cd10df2] },
  { key: 0xffffffff, low: 0xffffffff, high: 0xffffffff, expected: [0x2c3f628b, 0xab4fd7ad] },
  { key: 0x13198a2e, low: 0x243f6a88, high: 0x85a308d3, expected: [0xdd7ce038, 0xf62a4c12] },
])("philox with key $key equals the published answer", ({ key, low, high, expected }) => {
  expect(philox(key, low, high)).toEqual(expected);
});

test("draws are uniform over the bound", () => {
  const draws = new Uint32Array(70_001);
  fillIntegers(draws, 7, 1, 2);
  const counts = Array.from({ length: 7 }, () => 0);
  for (const draw of draws) counts[draw] = (counts[draw] ?? 0) + 1;
  const expected = draws.length / 7;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts).toHaveLength(7);
  expect(chiSquare).toBeLessThan(22.46); // 0.1 % point of chi-square with 6 degrees of freedom
});

test("a seed out of range is refused", () => {
  expect(() => checkSeed(-1)).toThrow("The seed is -1");
});
