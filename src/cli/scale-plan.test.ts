import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeLawFile } from "../scaling/laws/law-file.ts";
import { powerLaw } from "../scaling/laws/power.ts";
import { publishedLaws } from "../scaling/laws/published.ts";
import { stockWithSynthetic } from "../scaling/planning/exchange-rate.ts";
import { lossSurface } from "../scaling/planning/loss-surface.ts";
import { Workplace } from "./fixtures/command-line.ts";
import { main } from "./program.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

async function plan(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(["scale", "plan", ...args], { out: (part) => out.push(part), err: (part) => err.push(part), interactive: false });
  return { code, out: out.join(""), err: err.join("") };
}

async function figures(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await plan(...args, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out) as Record<string, unknown>;
}

const law = ["--law", "muennighoff-2023"];
const one = [...law, "--compute", "1e22", "--unique-tokens", "25e9"];

describe("decade scale plan", () => {
  it("plans with the published values of repeated data", async () => {
    const { parameters, tokens, epochs, loss, interval } = await figures(...one);
    expect(Math.abs(Number(parameters) / 7.0224e9 - 1)).toBeLessThan(1e-3);
    expect(Math.abs(Number(tokens) / 2.37337e11 - 1)).toBeLessThan(1e-3);
    expect(epochs).toBeCloseTo(9.49, 2);
    expect(loss).toBeCloseTo(2.22213, 5);
    expect(interval).toBeNull();
  });

  it.each(Object.keys(publishedLaws))("knows the law %s", async (name) => {
    const { parameters, tokens } = await figures("--law", name, "--compute", "5.76e23");
    expect(6 * Number(parameters) * Number(tokens) / 5.76e23).toBeCloseTo(1, 9);
  });

  it("prints for people what a plan, unlimited data and twice the compute reach", async () => {
    const { out } = await plan(...one);
    expect(out).toMatch(/^ +plan +unlimited data +twice the compute$/m);
    expect(out).toMatch(/^parameters N +7\.03B +9\.22B +9\.40B$/m);
    expect(out).toMatch(/^epochs +9\.49 +1\.00 +14\.18$/m);
    expect(out).toContain("from 5.32B to 9.28B parameters the loss lies within 0.1 %");
    expect(out).toContain("Note: How sure the law is, is unknown");
  });

  it("reads a fitted law with its resampled fits", async () => {
    const { parameters } = publishedLaws["hoffmann-2022"];
    const range = { parameters: [1e8, 1e10], tokens: [1e9, 1e11], flops: [6e17, 6e21], loss: [2, 4] } as const;
    const draws = Array.from({ length: 21 }, (_, at) => ({ ...parameters, E: 1.6 + at / 100 }));
    await writeLawFile(place.path("law.json"), { law: publishedLaws["hoffmann-2022"].law, parameters, source: "made up", points: 20, range, level: 0.9, intervals: {}, draws });
    const { loss, interval, level, notes } = await figures("--law", place.path("law.json"), "--compute", "1e24");
    const [low, high] = interval as [number, number];
    expect(level).toBe(0.9);
    expect(low).toBeLessThan(Number(loss));
    expect(high - low).toBeCloseTo(0.18, 9);
    expect(String(notes)).toContain("beyond the trainings that the law was fitted to, with 100M to 10.0B parameters");
    // The irreducible loss, in which the resampled fits differ, does not move the wall.
    const wall = await figures("--law", place.path("law.json"), "--wall");
    expect(wall["interval"]).toEqual([0, 0].map(() => expect.closeTo((wall["central"] as { year: number }).year, 6) as number));
    expect((await plan("--law", place.path("law.json"), "--wall")).out).toContain("By the resampled fits of the law it is met from 2027.8 to 2027.8 at the same rates (90 % interval).");
  });

  it("takes the tokens that will be served into account", async () => {
    const [without, served] = [await figures(...one), await figures(...one, "--inference-tokens", "1e12")];
    expect(served["parameters"]).toBeLessThan(Number(without["parameters"]));
    expect(served["tokens"]).toBeGreaterThan(Number(without["tokens"]));
    expect(served["loss"]).toBeCloseTo(Number(without["loss"]), 12);
  });

  it("estimates what synthetic tokens are worth and plans with it", async () => {
    const surface = lossSurface(publishedLaws["muennighoff-2023"]);
    const rows = [0, 1e9, 4e9].map((synthetic) => {
      const stock = stockWithSynthetic(1e9, { tokens: synthetic, exchangeRate: 0.3 });
      return `4e8,2e10,1e9,${synthetic},${surface.loss({ parameters: 4e8, tokens: 2e10, uniqueTokens: stock })}`;
    });
    await place.write("synthetic.csv", ["parameters,tokens,unique_tokens,synthetic_tokens,loss", ...rows].join("\n"));
    const estimated = await figures(...one, "--synthetic", "5e10", "--synthetic-runs", place.path("synthetic.csv"));
    const stated = await figures(...one, "--synthetic", "5e10", "--exchange-rate", "0.3");
    expect(estimated["exchangeRate"]).toMatchObject({ rate: expect.closeTo(0.3, 6) as number, points: 3 });
    expect(estimated["loss"]).toBeCloseTo(Number(stated["loss"]), 6);
  });

  it("treats data as one epoch at most, and says so, where the law knows no repetition", async () => {
    const { tokens, epochs, notes } = await figures("--law", "hoffmann-2022", "--compute", "1e23", "--unique-tokens", "1e10");
    expect(Number(tokens) / 1e10).toBeCloseTo(1, 9);
    expect(epochs).toBeCloseTo(1, 9);
    expect(String(notes)).toContain("knows no repetition");
  });

  it("says when there is more compute than the data can use", async () => {
    const { notes } = await figures(...law, "--compute", "1e26", "--unique-tokens", "1e9");
    expect(String(notes)).toContain("The data is spent");
    expect(String((await figures(...one))["notes"])).not.toContain("The data is spent");
  });

  it("draws pictures and pages", async () => {
    const files = ["plan.svg", "plan.html", "wall.svg", "wall.html"].map((name) => place.path(name));
    const [svg = "", html = "", wallSvg = "", wallHtml = ""] = files;
    const { out } = await plan(...one, "--svg", svg, "--html", html);
    expect(out).toContain(`The picture is in ${svg}.`);
    await plan(...law, "--wall", "--svg", wallSvg, "--html", wallHtml);
    for (const path of [svg, wallSvg]) expect(readFileSync(path, "utf8")).toContain(">unlimited data<");
    expect(readFileSync(html, "utf8")).toContain("twice the compute");
    expect(readFileSync(wallHtml, "utf8")).toContain("Tokens wanted and tokens there are");
    expect(files.every((path) => existsSync(path))).toBe(true);
  });
});

describe("decade scale plan --wall", () => {
  it("tells the year, its range and every year on the way", async () => {
    const { central, earliest, latest, readOnce, scenarios, timeline, interval } = await figures(...law, "--wall");
    expect(interval).toBeNull();
    const yearOf = (training: unknown): number => (training as { year: number }).year;
    expect(yearOf(earliest)).toBeLessThan(yearOf(central));
    expect(yearOf(central)).toBeLessThan(yearOf(latest));
    expect(readOnce).toBeLessThan(yearOf(central));
    expect(scenarios).toHaveLength(9);
    expect((timeline as unknown[]).map(yearOf).slice(0, 3)).toEqual([2024, 2025, 2026]);
  });

  it("takes one's own figures, and names the sources of those that it assumes", async () => {
    const { out } = await plan(...law, "--wall", "--compute-growth", "10", "--data-growth", "0", "--stock", "1e13", "--year", "2026", "--compute", "1e26");
    expect(out).toMatch(/^largest training, 2026 +1\.00e26 FLOPs +as given$/m);
    expect(out).not.toContain("Villalobos");
    expect((await plan(...law, "--wall")).out).toMatch(/^their growth a year +5 % \(0 % to 10 %\) +Villalobos et al\. 2024, section 2\.2\.1$/m);
  });

  it("comes later with synthetic data", async () => {
    const { central, synthetic } = await figures(...law, "--wall", "--synthetic", "1e15", "--exchange-rate", "0.3");
    const { central: shifted } = synthetic as { central: { year: number } };
    expect(shifted.year).toBeGreaterThan((central as { year: number }).year);
  });
});

describe("what cannot be planned", () => {
  it.each<[string[], number, string]>([
    [["--law", "hofmann-2022", "--compute", "1e22"], 1, 'There is no published law and no file "hofmann-2022"; did you mean "hoffmann-2022"?'],
    [["--law", "chinchilla", "--compute", "1e22"], 1, 'no file "chinchilla"; the published laws are hoffmann-2022'],
    [[...law, "--compute", "0"], 2, "Expected a number above 0"],
    [[...law, "--compute", "-1e22"], 2, "Expected a number above 0"],
    [[...law, "--compute", "much"], 2, "Expected a number"],
    [[...law, "--compute", "3"], 1, "3 floating-point operations do not pay for a model of one parameter"],
    [law, 2, "A plan needs --compute"],
    [["--compute", "1e22"], 2, "--law"],
    [[...one, "--synthetic", "1e9"], 2, "What synthetic tokens are worth must be known"],
    [[...one, "--synthetic", "1e9", "--exchange-rate", "1.5"], 2, "above 0 and at most 1"],
    [[...law, "--compute", "1e22", "--synthetic", "1e9", "--exchange-rate", "1"], 2, "Synthetic data changes nothing while real data has no end"],
    [[...one, "--exchange-rate", "1"], 2, "say with --synthetic how many there are"],
    [[...one, "--stock", "1e13"], 2, "--stock says how things grow, which only --wall asks"],
    [[...law, "--wall", "--unique-tokens", "1e9"], 2, "with --wall give the tokens there are by --stock"],
    [[...law, "--wall", "--compute-growth", "1"], 2, "factors above 1 were expected"],
    [[...law, "--wall", "--compute-growth", "5,4"], 2, "one number, or three in order"],
    [[...law, "--wall", "--data-growth", "-1"], 2, "shares above -1 were expected"],
    [[...one, "--share", "1"], 2, "above 0 and below 1"],
  ])("%j", async (args, code, message) => {
    const outcome = await plan(...args);
    expect(outcome.err).toContain(message);
    expect(outcome.code).toBe(code);
  });

  it("is a file that holds no law, or a law of compute alone", async () => {
    expect((await plan("--law", await place.write("broken.json", '{"law":'), "--compute", "1e22")).err).toContain("is no law as decade scale fit --save writes it: it is not JSON");
    const range = { parameters: [1, 2], tokens: [1, 2], flops: [1, 2], loss: [1, 2] } as const;
    await writeLawFile(place.path("power.json"), { law: powerLaw("flops"), parameters: { Xc: 1e8, alpha: 0.05 }, source: "made up", points: 9, range, level: 0.9, intervals: {}, draws: [] });
    const { code, err } = await plan("--law", place.path("power.json"), "--compute", "1e22");
    expect([code, err]).toEqual([1, expect.stringContaining("plan with a law of both: chinchilla, data-constrained or kaplan")]);
  });
});
