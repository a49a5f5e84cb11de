import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { publishedLaws } from "../laws/published.ts";
import { lossSurface } from "./loss-surface.ts";
import { bestTraining } from "./optimum.ts";
import { bestServed, cheapestServed, served } from "./serving.ts";

const { "hoffmann-2022": hoffmann, "muennighoff-2023": muennighoff } = publishedLaws;

/** Chinchilla's fit with the digits that Sardana et al. 2024 compute with. */
const sardana = lossSurface({ ...hoffmann, parameters: { ...hoffmann.parameters, alpha: 0.336, beta: 0.283 } });

const demands = fc.double({ min: 8, max: 15, noNaN: true }).map((exponent) => 10 ** exponent);
const computes = fc.double({ min: 19, max: 26, noNaN: true }).map((exponent) => 10 ** exponent);

describe("serving two trillion tokens", () => {
  it("calls for 7 billion parameters in place of 13, which saves 17 % of all compute", () => {
    // Sardana et al. 2024, figure 1: "reduce their total compute by 1.7e22 FLOPs (17%)".
    const compute = 4.49658742e22; // whose best training has 13 billion parameters
    const optimal = served(bestTraining(sardana, { compute }), 2e12);
    expect(optimal.parameters / 13e9).toBeCloseTo(1, 6);
    const { parameters, loss, totalFlops } = cheapestServed(sardana, { loss: optimal.loss, inferenceTokens: 2e12 });
    expect(loss).toBeCloseTo(optimal.loss, 12);
    expect(parameters / 1e9).toBeCloseTo(7, 0);
    expect((optimal.totalFlops - totalFlops) / 1e22).toBeCloseTo(1.7, 1);
    expect(1 - totalFlops / optimal.totalFlops).toBeCloseTo(0.17, 2);
  });
});

describe.each([["unlimited data", Infinity], ["repeated data", 30e9]])("with %s", (_, uniqueTokens) => {
  const surface = lossSurface(muennighoff);

  it.prop([fc.double({ min: 20, max: 21.5, noNaN: true }), demands])("no training of the same loss costs less", (exponent, inferenceTokens) => {
    const { loss } = bestTraining(surface, { compute: 10 ** exponent, uniqueTokens });
    const best = cheapestServed(surface, { loss, inferenceTokens, uniqueTokens });
    for (const step of [1e-3, -1e-3]) {
      const parameters = best.parameters * Math.exp(step);
      // Newton's method from the neighbour's side finds the tokens that give the same loss again.
      let tokens = best.tokens;
      for (let at = 0; at < 20; at++) tokens *= Math.exp((loss - surface.loss({ parameters, tokens, uniqueTokens })) / surface.slopes({ parameters, tokens, uniqueTokens }).tokens);
      expect(6 * parameters * tokens + 2 * parameters * inferenceTokens).toBeGreaterThanOrEqual(best.totalFlops * (1 - 1e-12));
    }
  });

  it.prop([computes, demands])("no training of the same total reaches a lower loss", (totalFlops, inferenceTokens) => {
    fc.pre(totalFlops / inferenceTokens > 1e6);
    const best = bestServed(surface, totalFlops, { inferenceTokens, uniqueTokens });
    expect(best.totalFlops / totalFlops).toBeCloseTo(1, 9);
    for (const step of [1e-3, -1e-3]) {
      const parameters = best.parameters * Math.exp(step);
      const tokens = (totalFlops / parameters - 2 * inferenceTokens) / 6;
      fc.pre(tokens > 0);
      expect(surface.loss({ parameters, tokens, uniqueTokens })).toBeGreaterThanOrEqual(best.loss - 1e-12);
    }
  });
});

it.prop([computes, demands])("models that serve are smaller, trained longer, and no better or worse", (compute, inferenceTokens) => {
  const optimal = bestTraining(sardana, { compute });
  const cheapest = cheapestServed(sardana, { loss: optimal.loss, inferenceTokens });
  expect(cheapest.parameters).toBeLessThanOrEqual(optimal.parameters * (1 + 1e-6));
  expect(cheapest.tokens).toBeGreaterThanOrEqual(optimal.tokens * (1 - 1e-6));
  expect(cheapest.loss).toBeCloseTo(optimal.loss, 12);
});

it("refuses a loss that no model reaches with the tokens there are", () => {
  expect(() => cheapestServed(lossSurface(muennighoff), { loss: 2, inferenceTokens: 1e9, uniqueTokens: 1e9 })).toThrow("No model reaches a loss of 2 nats with 1000000000 different tokens");
});
