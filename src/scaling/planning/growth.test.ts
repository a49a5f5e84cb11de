import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { publishedLaws } from "../laws/published.ts";
import { computeGrowth, effectiveStock, largestTraining, stockGrowth, usableStock } from "./data-stock.ts";
import { trainingOfYear, yearOfReadOnce, yearOfWall, type Growth } from "./growth.ts";
import { lossSurface } from "./loss-surface.ts";
import { bestTraining } from "./optimum.ts";
import { forecastWall } from "./scenarios.ts";
import { dataWall } from "./wall.ts";

const surface = lossSurface(publishedLaws["muennighoff-2023"]);
const range = { ...largestTraining, computeGrowth, stock: usableStock, stockGrowth };
const growth: Growth = { year: 2024, compute: 5e25, computeGrowth: 4.5, stock: 1e14, stockGrowth: 0 };
const factors = fc.double({ min: 1.5, max: 10, noNaN: true });

describe("published figures", () => {
  it("multiply to the quality-adjusted stock that the paper draws", () => {
    // Villalobos et al. 2024, figure 3: about 100T tokens, 95% interval about 22T to 490T.
    expect(usableStock.central / 1e14).toBeCloseTo(1, 1);
    expect(usableStock.low / 22e12).toBeCloseTo(1, 1);
    expect(usableStock.high / 490e12).toBeCloseTo(1, 1);
    // Three to five repetitions (section 2.3.2) make of it the effective stock.
    expect(effectiveStock.central / usableStock.central).toBeGreaterThan(2.9);
    expect(effectiveStock.central / usableStock.central).toBeLessThan(5);
  });

  it("agree with the paper on what the largest trainings read in 2024, and when all would be read", () => {
    // Note 18: 5e25 operations correspond to about 13T tokens. Section 2.5: 5e28 operations in 2028, 4e14 tokens.
    expect(bestTraining(surface, { compute: largestTraining.compute }).tokens / 13e12).toBeCloseTo(1, 1);
    expect(Math.floor(2024 + Math.log(5e28 / 5e25) / Math.log(computeGrowth.central))).toBe(2028);
    expect(bestTraining(surface, { compute: 5e28 }).tokens / 4e14).toBeCloseTo(1, 0);
    expect(yearOfReadOnce(surface, { ...growth, stock: 4e14 })).toBeCloseTo(2028.5, 0);
  });
});

describe("the year of the wall", () => {
  it.prop([factors], { numRuns: 30 })("is when compute has grown to that of a stock that does not grow", (factor) => {
    const expected = 2024 + Math.log(dataWall(surface, 1e14).returns.flops / 5e25) / Math.log(factor);
    expect(yearOfWall(surface, { ...growth, computeGrowth: factor })).toBeCloseTo(expected, 6);
  });

  it.prop([factors], { numRuns: 30 })("of one reading likewise", (factor) => {
    const expected = 2024 + Math.log(dataWall(surface, 1e14).readOnce.flops / 5e25) / Math.log(factor);
    expect(yearOfReadOnce(surface, { ...growth, computeGrowth: factor })).toBeCloseTo(expected, 6);
  });

  it("never comes where the stock grows as fast as compute needs", () => {
    // With alpha = beta the best training reads tokens with the square root of compute.
    expect(yearOfWall(surface, { ...growth, computeGrowth: 4, stockGrowth: 1 })).toBeUndefined();
    expect(yearOfWall(surface, { ...growth, computeGrowth: 4, stockGrowth: 0.5 })).toBeDefined();
  });

  it.prop([fc.double({ min: 0, max: 0.5, noNaN: true }), fc.double({ min: 0, max: 1e15, noNaN: true })], { numRuns: 20 })("comes later with more data", (faster, addedTokens) => {
    const year = yearOfWall(surface, growth) ?? NaN;
    expect(yearOfWall(surface, { ...growth, stockGrowth: faster, addedTokens }) ?? Infinity).toBeGreaterThanOrEqual(year - 1e-6);
  });
});

describe("a forecast", () => {
  const forecast = forecastWall(surface, range, 0.5);

  it("puts the wall between its earliest and its latest, and every scenario too", () => {
    const [earliest, central, latest] = [forecast.earliest, forecast.central, forecast.latest].map((training) => training?.year ?? NaN);
    expect(earliest).toBeLessThan(central ?? NaN);
    expect(central).toBeLessThan(latest ?? NaN);
    expect(forecast.scenarios).toHaveLength(9);
    for (const { year, range: [low, high] } of forecast.scenarios) {
      expect([earliest, low, year, high, latest]).toEqual([earliest, low, year, high, latest].map(Number).sort((one, other) => one - other));
    }
  });

  it("tells year by year how the worth of a doubling falls through the wall", () => {
    const shares = forecast.timeline.map(({ share }) => share);
    expect(shares[0]).toBeCloseTo(1, 9);
    expect([...shares].sort((one, other) => other - one)).toEqual(shares);
    expect(trainingOfYear(surface, { ...growth, stock: usableStock.central, stockGrowth: 0.05 }, forecast.central?.year ?? NaN).share).toBeCloseTo(0.5, 6);
  });

  it("has one scenario where every rate is known", () => {
    const sure = (value: number) => ({ low: value, central: value, high: value });
    const { scenarios } = forecastWall(surface, { ...range, computeGrowth: sure(4), stockGrowth: sure(0), stock: sure(1e14) }, 0.5);
    expect(scenarios).toHaveLength(1);
  });
});
