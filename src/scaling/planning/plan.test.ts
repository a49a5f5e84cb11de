import { describe, expect, it } from "vitest";
import { philox } from "../../metrics/counter-random.ts";
import { chinchilla, chinchillaOptimum } from "../laws/chinchilla.ts";
import { publishedLaws } from "../laws/published.ts";
import { bestTraining } from "./optimum.ts";
import { lossSurface } from "./loss-surface.ts";
import { planTraining } from "./plan.ts";
import { publishedPlanningLaw, type PlanningLaw } from "./uncertainty.ts";

const repeated = publishedPlanningLaw("muennighoff-2023");
const request = { compute: 1e22, uniqueTokens: 25e9 };

describe("a plan", () => {
  it("is the best training of its compute, beside unlimited data and twice the compute", () => {
    const { training, doubled, data } = planTraining(repeated, request);
    expect(training).toEqual(bestTraining(lossSurface(repeated), request));
    expect(doubled.flops / 2e22).toBeCloseTo(1, 12);
    expect(doubled.loss).toBeLessThan(training.loss);
    expect(data?.unlimited.loss).toBeCloseTo(chinchillaOptimum(publishedLaws["muennighoff-2023"].parameters, 1e22).loss, 12);
  });

  it("has no interval where nobody published how sure the law is", () => {
    expect(planTraining(repeated, request).intervals).toBeUndefined();
  });

  it("says how far it lies beyond the trainings of the law", () => {
    expect(planTraining(repeated, request).extrapolation).toBeUndefined();
    const far = planTraining(repeated, { compute: 1e25 }).extrapolation;
    const { parameters, tokens } = bestTraining(lossSurface(repeated), { compute: 1e25 });
    expect(far?.parameters).toBeCloseTo(parameters / 8.67e9, 9);
    expect(far?.tokens).toBeCloseTo(tokens / 900e9, 9);
  });

  it("that serves has the same loss, fewer parameters and more tokens", () => {
    const optimal = planTraining(repeated, request).training;
    const { training, serving } = planTraining(repeated, { ...request, inferenceTokens: 1e12 });
    expect(training.loss).toBeCloseTo(optimal.loss, 12);
    expect(training.parameters).toBeLessThan(optimal.parameters);
    expect(training.tokens).toBeGreaterThan(optimal.tokens);
    expect(serving?.cheapest.totalFlops).toBeLessThan(serving?.trainingOptimal.totalFlops ?? NaN);
    expect(serving?.best.totalFlops).toBeCloseTo(serving?.trainingOptimal.totalFlops ?? NaN, -12);
  });
});

describe("synthetic data", () => {
  it("as good as real data is real data", () => {
    const real = planTraining(repeated, { ...request, uniqueTokens: 75e9 });
    const mixed = planTraining(repeated, { ...request, synthetic: { tokens: 50e9, exchangeRate: 1 } });
    expect(mixed.training).toEqual(real.training);
    expect(mixed.data?.wall).toEqual(real.data?.wall);
    expect(mixed.withoutSynthetic?.training).toEqual(planTraining(repeated, request).training);
  });

  it("lowers the loss and moves the wall the more, the better it is", () => {
    const rates = [0.01, 0.1, 0.5, 1];
    const plans = rates.map((exchangeRate) => planTraining(repeated, { ...request, synthetic: { tokens: 50e9, exchangeRate } }));
    const losses = plans.map(({ training }) => training.loss);
    const walls = plans.map(({ data }) => data?.wall.returns.flops ?? NaN);
    expect([...losses].sort((one, other) => other - one)).toEqual(losses);
    expect([...walls].sort((one, other) => one - other)).toEqual(walls);
    // With alpha = beta the wall's compute is that of the stock squared.
    expect((walls[3] ?? NaN) / (walls[2] ?? NaN)).toBeCloseTo((75 / 50) ** 2, 6);
  });

  it("counts an epoch as one pass over everything that is there", () => {
    const { training } = planTraining(repeated, { ...request, synthetic: { tokens: 75e9, exchangeRate: 0.2 } });
    expect(training.epochs).toBeCloseTo(training.tokens / 100e9, 12);
  });

  it("is refused beside data without end", () => {
    expect(() => planTraining(repeated, { compute: 1e22, synthetic: { tokens: 1e9, exchangeRate: 1 } })).toThrow("Synthetic data changes nothing while real data has no end");
  });
});

describe("intervals", () => {
  const { parameters, source } = publishedLaws["hoffmann-2022"];

  it("are the percentiles of what the resampled fits expect", () => {
    // E alone is uncertain, from 1.60 to 1.70 in steps: the loss moves with it, and the optimum does not.
    const draws = Array.from({ length: 101 }, (_, at) => ({ ...parameters, E: 1.6 + at / 1000 }));
    const law: PlanningLaw = { law: chinchilla, parameters, source, name: "mine", draws, level: 0.9 };
    const { training, intervals } = planTraining(law, { compute: 1e21 });
    const reducible = training.loss - parameters.E;
    expect(intervals?.loss[0]).toBeCloseTo(1.605 + reducible, 12);
    expect(intervals?.loss[1]).toBeCloseTo(1.695 + reducible, 12);
    expect(intervals?.parameters[0]).toBeCloseTo(training.parameters, -2);
    expect(intervals?.parameters[1]).toBeCloseTo(training.parameters, -2);
  });

  it("of N and D hold the optima of that share of the fits", () => {
    const draws = Array.from({ length: 400 }, (_, at) => ({ ...parameters, alpha: 0.3 + 0.08 * philox(7, at, 0)[0] / 2 ** 32 }));
    const law: PlanningLaw = { law: chinchilla, parameters, source, name: "mine", draws, level: 0.8 };
    const { intervals } = planTraining(law, { compute: 1e21 });
    const [low, high] = intervals?.parameters ?? [NaN, NaN];
    const inside = draws.filter((draw) => {
      const { parameters: best } = chinchillaOptimum(draw, 1e21);
      return best >= low && best <= high;
    });
    expect(inside.length / draws.length).toBeCloseTo(0.8, 2);
  });
});
