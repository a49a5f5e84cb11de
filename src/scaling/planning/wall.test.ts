import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { chinchillaOptimum } from "../laws/chinchilla.ts";
import { publishedLaws } from "../laws/published.ts";
import { lossSurface } from "./loss-surface.ts";
import { bestTraining } from "./optimum.ts";
import { computeIfUnlimited, dataWall, shareOfReturns } from "./wall.ts";

const { "hoffmann-2022": hoffmann, "muennighoff-2023": muennighoff } = publishedLaws;
const repeated = lossSurface(muennighoff);
const once = lossSurface(hoffmann);
const stocks = fc.double({ min: 9, max: 15, noNaN: true }).map((exponent) => 10 ** exponent);

describe("a stock of data", () => {
  it.prop([stocks], { numRuns: 20 })("is read once where Chinchilla's closed form says", (uniqueTokens) => {
    const { readOnce } = dataWall(once, uniqueTokens);
    expect(chinchillaOptimum(hoffmann.parameters, readOnce.flops).tokens / uniqueTokens).toBeCloseTo(1, 9);
  });

  it.prop([stocks], { numRuns: 20 })("has its wall, without repetition, where only A / N^alpha is left to fall", (uniqueTokens) => {
    const { A, alpha, beta, E } = hoffmann.parameters;
    const { flops } = dataWall(once, uniqueTokens, { share: 0.5 }).returns;
    const limited = A * (6 * uniqueTokens / flops) ** alpha * (1 - 2 ** -alpha);
    const exponent = alpha * beta / (alpha + beta);
    const unlimited = (chinchillaOptimum(hoffmann.parameters, flops).loss - E) * (1 - 2 ** -exponent);
    expect(limited / unlimited).toBeCloseTo(0.5, 6);
  });

  it.prop([stocks, fc.double({ min: 1, max: 1e4, noNaN: true })], { numRuns: 15 })("has its wall after the same epochs at any size, at compute that grows with the square of the stock", (uniqueTokens, factor) => {
    // With alpha = beta the law is the same but for its unit: N and D in units of U.
    const [small, large] = [dataWall(repeated, uniqueTokens), dataWall(repeated, factor * uniqueTokens)];
    expect(large.returns.flops / small.returns.flops / factor ** 2).toBeCloseTo(1, 5);
    expect(large.returns.epochs).toBeCloseTo(small.returns.epochs, 3);
    expect(large.spent.epochs).toBeCloseTo(small.spent.epochs, 3);
  });

  it("teaches no more than its limit, which ever more compute comes to", () => {
    const { limit } = dataWall(repeated, 25e9);
    const { E, A, B, alpha, RN, RD } = muennighoff.parameters;
    const filled = chinchillaOptimum(muennighoff.parameters, dataWall(repeated, 25e9).readOnce.flops).parameters;
    expect(limit).toBeCloseTo(E + A / (filled * (1 + RN)) ** alpha + B / (25e9 * (1 + RD)) ** alpha, 12);
    expect(bestTraining(repeated, { compute: 1e27, uniqueTokens: 25e9 }).loss).toBeCloseTo(limit, 10);
  });

  it("is spent where a tenth is left of what size and epochs bring after one pass", () => {
    const { limit, readOnce, spent } = dataWall(repeated, 25e9);
    expect((spent.loss - limit) / (readOnce.loss - limit)).toBeCloseTo(0.1, 9);
  });

  it.prop([stocks, fc.double({ min: 0, max: 6, noNaN: true })], { numRuns: 30 })("is worth less and less as compute grows past it", (uniqueTokens, decades) => {
    const { flops } = dataWall(repeated, uniqueTokens).readOnce;
    const [before, after] = [flops * 10 ** (decades / 3), flops * 10 ** (decades / 3 + 0.3)].map((compute) => shareOfReturns(repeated, compute, uniqueTokens));
    expect(after ?? NaN).toBeLessThanOrEqual((before ?? NaN) + 1e-6);
  });
});

it.prop([fc.double({ min: 18, max: 28, noNaN: true })], { numRuns: 30 })("a loss costs unlimited data the compute whose best training reaches it", (exponent) => {
  const { loss } = bestTraining(once, { compute: 10 ** exponent });
  expect(Math.log10(computeIfUnlimited(once, loss))).toBeCloseTo(exponent, 8);
});
