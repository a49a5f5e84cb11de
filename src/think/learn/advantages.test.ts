import { fc, it } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { groupAdvantages, hasVariance } from "./advantages.ts";

describe("advantages of a group", () => {
  test("of one right answer in four are (r − mean) / deviation = ±√3 and ∓1/√3", () => {
    const [right, ...wrong] = groupAdvantages([1, 0, 0, 0], "normalized");
    expect(right).toBeCloseTo(Math.sqrt(3), 12);
    wrong.forEach((advantage) => expect(advantage).toBeCloseTo(-1 / Math.sqrt(3), 12));
    expect(groupAdvantages([1, 0, 0, 0], "centered")).toEqual([0.75, -0.25, -0.25, -0.25]);
  });

  test("are zero where all rewards are equal, whatever they are", () => {
    expect(groupAdvantages([0.1, 0.1, 0.1], "normalized")).toEqual([0, 0, 0]);
    expect([hasVariance([1, 1]), hasVariance([1, 0])]).toEqual([false, true]);
  });

  const rewards = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 20 });

  it.prop([rewards, fc.constantFrom("normalized" as const, "centered" as const)])("add up to zero", (group, kind) => {
    expect(groupAdvantages(group, kind).reduce((sum, each) => sum + each, 0)).toBeCloseTo(0, 9);
  });

  it.prop([rewards.filter(hasVariance), fc.integer({ min: 1, max: 9 }), fc.integer({ min: -9, max: 9 })])(
    "do not change with the scale of rewards where they are normalized", (group, scale, offset) => {
      const changed = groupAdvantages(group.map((reward) => scale * reward + offset), "normalized");
      groupAdvantages(group, "normalized").forEach((advantage, at) => expect(changed[at]).toBeCloseTo(advantage, 9));
    });
});
