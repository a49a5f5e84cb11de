import { describe, expect, test } from "vitest";
import { onnx } from "../../engines/onnx/engine.ts";
import { tinyGpt } from "./fixtures/tiny-text-model.ts";
import type { TextGenerationOptions } from "./generation-options.ts";
import { Generator, type TextModel } from "./generator.ts";

const model = (): TextModel => ({ ...tinyGpt("abc", {}, 3), ends: [] });
const draft = (): TextModel => ({ ...tinyGpt("abc", { layers: 1, dimension: 8, heads: 1, feedForward: 8 }, 8), ends: [] });

async function texts(source: TextModel, options: TextGenerationOptions, drafted?: { draft: TextModel; guesses: number }): Promise<string[]> {
  const generator = Generator.create(source, onnx({ threads: 1 }), drafted);
  const [found = []] = await generator.generate(["ab"], { batch: 256, ...options });
  await generator.dispose();
  return found.map(({ tokens }) => tokens.join());
}

/** Pearson's statistic of two samples against one common distribution, and its degrees of freedom. */
function chiSquare(a: readonly string[], b: readonly string[]): { statistic: number; freedom: number } {
  const counts = new Map<string, [number, number]>();
  a.forEach((text) => counts.set(text, [(counts.get(text)?.[0] ?? 0) + 1, counts.get(text)?.[1] ?? 0]));
  b.forEach((text) => counts.set(text, [counts.get(text)?.[0] ?? 0, (counts.get(text)?.[1] ?? 0) + 1]));
  // Rare texts share one cell, so that no expected count is small.
  const cells: [number, number][] = [];
  const rare: [number, number] = [0, 0];
  for (const [x, y] of counts.values()) {
    if (x + y >= 20) cells.push([x, y]);
    else [rare[0], rare[1]] = [rare[0] + x, rare[1] + y];
  }
  if (rare[0] + rare[1] >= 20) cells.push(rare);
  const statistic = cells.reduce((sum, [x, y]) => sum + (x - y) ** 2 / (x + y), 0); // samples of one size
  return { statistic, freedom: cells.length - 1 };
}

/** A value that chi-square exceeds once in 10,000 times (Wilson and Hilferty 1931). */
function critical(freedom: number): number {
  return freedom * (1 - 2 / (9 * freedom) + 3.719 * Math.sqrt(2 / (9 * freedom))) ** 3;
}

describe("speculative sampling", () => {
  test.each([["all tokens", {}], ["a nucleus", { topP: 0.8, temperature: 1.5 }]] as const)(
    "has the model's distribution over texts of three tokens, drawn from %s", async (_name, options) => {
      const wanted = await texts(model(), { ...options, maxTokens: 3, samples: 800, seed: 11 });
      const found = await texts(model(), { ...options, maxTokens: 3, samples: 800, seed: 12 }, { draft: draft(), guesses: 3 });
      const { statistic, freedom } = chiSquare(wanted, found);
      expect(freedom).toBeGreaterThan(3);
      expect(statistic).toBeLessThan(critical(freedom));
      // The test can tell distributions apart: that of the draft is another.
      const drafts = chiSquare(wanted, await texts(draft(), { ...options, maxTokens: 3, samples: 800, seed: 13 }));
      expect(drafts.statistic).toBeGreaterThan(critical(drafts.freedom));
    }, 30_000);

  test("writes greedily what the model alone writes, to the end of its context", async () => {
    const options = { greedy: true, maxTokens: 30 };
    const alone = await texts(model(), options);
    for (const guesses of [1, 2, 5]) {
      expect(await texts(model(), options, { draft: draft(), guesses })).toEqual(alone);
      expect(await texts(model(), options, { draft: model(), guesses })).toEqual(alone);
    }
    const shortSighted = { ...tinyGpt("abc", { context: 6 }, 8), ends: [] };
    expect(await texts(model(), options, { draft: shortSighted, guesses: 3 })).toEqual(alone);
  });

  test("refuses what depends on the texts before", async () => {
    await expect(texts(model(), { repetitionPenalty: 2 }, { draft: draft(), guesses: 2 })).rejects.toThrow(/Penalties and constraints/);
    await expect(texts(model(), { whenFull: "slide" }, { draft: draft(), guesses: 2 })).rejects.toThrow(/ends at the model's context/);
  });
});
