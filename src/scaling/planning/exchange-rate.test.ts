import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { publishedLaws } from "../laws/published.ts";
import { philox } from "../../metrics/counter-random.ts";
import { stockWithSynthetic, fitExchangeRate, readSyntheticRuns, type SyntheticRun } from "./exchange-rate.ts";
import { lossSurface } from "./loss-surface.ts";

const law = publishedLaws["muennighoff-2023"];
const surface = lossSurface(law);

/** Two independent standard normal numbers (Box and Muller 1958). */
function normals(seed: number, counter: number): [number, number] {
  const [first, second] = philox(seed, counter, 0).map((word) => (word + 0.5) / 2 ** 32);
  const radius = Math.sqrt(-2 * Math.log(first ?? NaN));
  return [radius * Math.cos(2 * Math.PI * (second ?? NaN)), radius * Math.sin(2 * Math.PI * (second ?? NaN))];
}

/** Trainings of 1e9 real tokens with none to eight times as many synthetic ones of a true rate, each in two lengths. */
function trainings(rate: number, noise: number, seed: number): SyntheticRun[] {
  return [0, 1e9, 2e9, 4e9, 8e9].flatMap((syntheticTokens, at) => [1, 6].map((passes, length) => {
    const scale = { parameters: 4e8, tokens: passes * (1e9 + syntheticTokens), uniqueTokens: 1e9 };
    const expected = surface.loss({ ...scale, uniqueTokens: stockWithSynthetic(1e9, { tokens: syntheticTokens, exchangeRate: rate }) });
    return { ...scale, syntheticTokens, loss: expected * Math.exp(noise * (normals(seed, at)[length] ?? NaN)) };
  }));
}

describe("an exchange rate", () => {
  it.prop([fc.double({ min: 0.01, max: 0.99, noNaN: true })], { numRuns: 20 })("is recovered from trainings without noise", async (truth) => {
    const { rate, interval, deviation } = await fitExchangeRate(law, trainings(truth, 0, 1), 0.9);
    expect(Math.abs(rate - truth)).toBeLessThan(1e-6);
    expect(interval[1] - interval[0]).toBeLessThan(1e-4);
    expect(deviation).toBeLessThan(1e-6);
  });

  it("has 90% intervals that hold the truth in 85 to 95% of 300 repetitions", async () => {
    let held = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { interval: [low, high] } = await fitExchangeRate(law, trainings(0.4, 0.005, seed), 0.9);
      if (low <= 0.4 && 0.4 <= high) held += 1;
    }
    expect(held / 300).toBeGreaterThan(0.85);
    expect(held / 300).toBeLessThan(0.95);
  });

  it("stays at 1 where synthetic data is better than real data, and at 0 where it teaches nothing", async () => {
    const better = trainings(1, 0, 1).map((run) => ({ ...run, loss: run.loss * (run.syntheticTokens > 0 ? 0.98 : 1) }));
    expect((await fitExchangeRate(law, better, 0.9)).rate).toBe(1);
    const useless = trainings(0, 0, 1).map((run) => ({ ...run, loss: run.loss * (run.syntheticTokens > 0 ? 1.02 : 1) }));
    expect((await fitExchangeRate(law, useless, 0.9)).rate).toBe(0);
  });

  it("shows by its bias that a law is not that of the trainings", async () => {
    const { bias } = await fitExchangeRate(law, trainings(0.5, 0, 1).map((run) => ({ ...run, loss: 1.2 * run.loss })), 0.9);
    expect(bias).toBeGreaterThan(0.1);
  });

  it("is refused where the trainings cannot tell it", async () => {
    await expect(fitExchangeRate(law, trainings(0.5, 0, 1).slice(0, 2), 0.9)).rejects.toThrow("2 trainings, 0 of them with synthetic tokens, do not tell what these are worth");
  });
});

describe("a table of trainings on synthetic data", () => {
  async function read(text: string): Promise<SyntheticRun[]> {
    const folder = await mkdtemp(join(tmpdir(), "decade-synthetic-"));
    try {
      await writeFile(join(folder, "runs.csv"), text);
      return await readSyntheticRuns(join(folder, "runs.csv"));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it("is read by its columns", async () => {
    const [run] = await read("parameters,tokens,unique_tokens,synthetic_tokens,loss\n1e8,2e9,1e9,5e8,3.1\n");
    expect(run).toMatchObject({ parameters: 1e8, tokens: 2e9, uniqueTokens: 1e9, syntheticTokens: 5e8, loss: 3.1 });
  });

  it.each([
    ["parameters,tokens,unique_tokens,loss\n1e8,2e9,1e9,3.1\n", 'has no column "synthetic_tokens"'],
    ["parameters,tokens,unique_tokens,synthetic_tokens,loss\n1e8,2e9,1e9,-5,3.1\n", 'column "synthetic_tokens", holds -5, but an amount of at least 0 was expected'],
    ["parameters,tokens,unique_tokens,synthetic_tokens,loss\n1e8,2e9,1e9,many,3.1\n", 'holds "many", but a number was expected'],
  ])("names what is wrong: %j", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
