import { describe, expect, it } from "vitest";
import { publishedLaws } from "../laws/published.ts";
import { yearOfWall, type Growth } from "./growth.ts";
import { lossSurface } from "./loss-surface.ts";
import { publishedPlanningLaw, wallInterval, type PlanningLaw } from "./uncertainty.ts";

const growth: Growth = { year: 2024, compute: 5e25, computeGrowth: 4.5, stock: 1e14, stockGrowth: 0.05 };
const { "muennighoff-2023": fitted } = publishedLaws;
const withDraws = (draws: NonNullable<PlanningLaw["draws"]>): PlanningLaw => ({ ...fitted, name: "made up", draws, level: 0.9 });
const yearUnder = (parameters: Readonly<Record<string, number>>) => yearOfWall(lossSurface({ ...fitted, parameters }), growth, 0.5) ?? NaN;

describe("the interval of the wall's year", () => {
  it("is the year itself where all resampled fits agree, and where they differ in the irreducible loss alone", () => {
    const year = yearUnder(fitted.parameters);
    const draws = Array.from({ length: 20 }, (_, at) => ({ ...fitted.parameters, E: 1.5 + at / 50 }));
    const { years: [low, high], level } = wallInterval(withDraws(draws), growth, 0.5) ?? { years: [NaN, NaN], level: NaN };
    expect(level).toBe(0.9);
    expect(low).toBeCloseTo(year, 6);
    expect(high).toBeCloseTo(year, 6);
  });

  it("lies between the years of the resamples, later where repetition is worth more", () => {
    const draws = Array.from({ length: 21 }, (_, at) => ({ ...fitted.parameters, RD: 5 + 2 * at }));
    const { years: [low, high] } = wallInterval(withDraws(draws), growth, 0.5) ?? { years: [NaN, NaN] };
    // Of 21 in order, 5 and 95 in a hundred are the second and the last but one.
    expect(low).toBeCloseTo(yearUnder({ ...fitted.parameters, RD: 7 }), 9);
    expect(high).toBeCloseTo(yearUnder({ ...fitted.parameters, RD: 43 }), 9);
    expect(low).toBeLessThan(high);
  });

  it("has no end where repetition never wears off, and is not known of published laws", () => {
    const draws = [1e3, 1e300, 1e300, 1e300].map((RD) => ({ ...fitted.parameters, RD, RN: 1e300 }));
    expect(wallInterval(withDraws(draws), growth, 0.5)?.years[1]).toBe(Infinity);
    expect(wallInterval(publishedPlanningLaw("muennighoff-2023"), growth, 0.5)).toBeUndefined();
    expect(wallInterval(withDraws([]), growth, 0.5)).toBeUndefined();
  });
});
