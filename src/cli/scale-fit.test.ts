/** What `decade scale fit` prints, on tables whose law is known and on what cannot be fitted. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scaleGrid, trainingsOf } from "../scaling/fit/fixtures/trainings.ts";
import { chinchilla } from "../scaling/laws/chinchilla.ts";
import { dataConstrained, optimalParameters } from "../scaling/laws/data-constrained.ts";
import { kaplan } from "../scaling/laws/kaplan.ts";
import { publishedLaws } from "../scaling/laws/published.ts";
import type { Observation } from "../scaling/observation.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

interface Fit {
  readonly parameters: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, readonly [number, number]>>;
  readonly objective: number;
  readonly r2: number;
  readonly points: number;
  readonly heldOut?: readonly { readonly name: string; readonly flops: number; readonly loss: number; readonly predicted: number; readonly percent: number }[];
}

const { "besiroglu-2024": { parameters: truth }, "muennighoff-2023": { parameters: repeating } } = publishedLaws;
const names = { E: "E", A: "A", B: "B", alpha: "alpha", beta: "beta" };

let place: Workplace;
let table: string;
beforeAll(async () => {
  place = await Workplace.create();
  table = await place.write("runs.csv", csv(trainingsOf(chinchilla, truth, scaleGrid(5, 5))));
});
afterAll(() => place.remove());

/** A table of trainings under the given names of the columns. */
function csv(trainings: readonly Observation[], header = "run,parameters,tokens,loss,unique_tokens"): string {
  return `${header}\n${trainings.map(({ parameters, tokens, loss, uniqueTokens }, at) => `run-${at},${parameters},${tokens},${loss},${uniqueTokens ?? tokens}\n`).join("")}`;
}

async function fit(...args: string[]): Promise<Fit> {
  const { out, code, err } = await place.decade("scale", "fit", ...args, "--json");
  expect(code, err).toBe(0);
  return lastLine(out) as Fit;
}

function expectParameters(found: Readonly<Record<string, number>>, known: Readonly<Record<string, number>>): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(known).sort());
  for (const [name, value] of Object.entries(known)) expect(Math.abs((found[name] ?? NaN) / value - 1), name).toBeLessThan(1e-6);
}

describe("scale fit", () => {
  it("gives the parameters of losses without noise, with intervals about them, under fixed names", async () => {
    const figures = await fit(table, "--law", "chinchilla", "--bootstrap", "20");
    expect(Object.keys(figures)).toEqual(expect.arrayContaining(["parameters", "intervals", "objective", "r2", "points"]));
    expectParameters(figures.parameters, truth);
    expect(Object.keys(figures.intervals).sort()).toEqual(Object.keys(names).sort());
    for (const [name, [low, high]] of Object.entries(figures.intervals)) {
      expect(low, name).toBeLessThanOrEqual(figures.parameters[name] ?? NaN);
      expect(high, name).toBeGreaterThanOrEqual(figures.parameters[name] ?? NaN);
    }
    expect(figures.objective).toBeLessThan(1e-18);
    expect(figures.r2).toBeCloseTo(1, 12);
    expect(figures.points).toBe(25);
  });

  it("fits the other laws by their names, repeated data by its column of different tokens", async () => {
    const { parameters: kaplans } = publishedLaws["kaplan-2020"];
    const power = await place.write("kaplan.csv", csv(trainingsOf(kaplan, kaplans, scaleGrid(5, 5))));
    expectParameters((await fit(power, "--law", "kaplan", "--bootstrap", "0")).parameters, kaplans);
    const scales = [1e8, 1e9, 1e10].flatMap((uniqueTokens) => [0.2, 2, 15].flatMap((share) => [1, 8, 64].map((epochs) => (
      { parameters: share * optimalParameters(repeating, uniqueTokens), tokens: epochs * uniqueTokens, uniqueTokens }))));
    const repeated = await place.write("repeated.csv", csv(trainingsOf(dataConstrained, repeating, scales), "run,N,D,nats,stock"));
    const figures = await fit(repeated, "--law", "data-constrained", "--loss", "nats", "--unique", "stock", "--bootstrap", "0");
    expectParameters(figures.parameters, repeating);
  });

  it("takes columns by any names, and counted FLOPs before 6 N D", async () => {
    const trainings = trainingsOf(chinchilla, truth, scaleGrid(4, 4));
    const rows = trainings.map(({ parameters, tokens, loss }, at) => `${at},${parameters},${tokens},${loss},${at === 3 ? 1e30 : 1e12}`);
    const named = await place.write("named.csv", `id,size of model,seen,nats,ops\n${rows.join("\n")}\n`);
    const figures = await fit(named, "--n", "size of model", "--d", "seen", "--loss", "nats", "--flops", "ops", "--run", "id", "--drop-highest", "1", "--bootstrap", "0");
    expectParameters(figures.parameters, truth);
    expect(figures.points).toBe(15);
    expect(figures.heldOut).toHaveLength(1);
    expect(figures.heldOut?.[0]).toMatchObject({ name: "3", flops: 1e30, loss: trainings[3]?.loss });
  });

  it("predicts those of the most FLOPs that it sets aside", async () => {
    const { points, heldOut = [] } = await fit(table, "--drop-highest", "3", "--bootstrap", "0");
    expect(points).toBe(22);
    expect(heldOut.map(({ name }) => name)).toEqual(["run-19", "run-23", "run-24"]);
    for (const { loss, predicted, percent } of heldOut) {
      expect(predicted / loss).toBeCloseTo(1, 9);
      expect(percent).toBeCloseTo(0, 7);
    }
  });

  it("keeps parameters, and evaluates published ones without fitting", async () => {
    expect((await fit(table, "--fix", "E=1.8172", "--bootstrap", "0")).parameters["E"]).toBe(1.8172);
    const { parameters, objective } = await fit(table, "--with", "besiroglu-2024");
    expect(parameters).toEqual(truth);
    expect(objective).toBeLessThan(1e-25);
  });

  it("draws the law, writes a page and saves what `decade scale plan` reads", async () => {
    const [svg, html, law] = ["fit.svg", "fit.html", "law.json"].map((name) => place.path(name));
    await fit(table, "--bootstrap", "20", "--drop-highest", "2", "--law", "chinchilla", "--law", "kaplan", "--svg", svg ?? "", "--html", html ?? "", "--save", law ?? "");
    const picture = await readFile(svg ?? "", "utf8");
    for (const text of ["model size N (parameters)", "training tokens D (tokens)", "efficient frontier", "set aside"]) expect(picture).toContain(text);
    const page = await readFile(html ?? "", "utf8");
    for (const text of ["Set aside, of the most FLOPs", "Laws compared", "90 % interval", "compute C = 6 N D (floating-point operations)"]) expect(page).toContain(text);
    expect(page).not.toMatch(/(src|href)="/);
    const { out, code } = await place.decade("scale", "plan", "--law", law ?? "", "--compute", "1e20", "--json");
    expect([code, (lastLine(out) as { interval: unknown }).interval]).toEqual([0, [expect.any(Number), expect.any(Number)]]);
  });
});

it("scale fit --approach 2 gives the power laws of the best size and tokens, and a page of the valleys", async () => {
  const scales = [1e18, 1e19, 1e20].flatMap((flops) => [-2, -1, 0, 1, 2].map((step) => 0.09 * Math.sqrt(flops) * 2 ** step).map((parameters) => ({ parameters, tokens: flops / 6 / parameters })));
  const isoflops = await place.write("isoflops.csv", csv(trainingsOf(chinchilla, truth, scales)));
  const html = place.path("valleys.html");
  const { parameters, points } = await fit(isoflops, "--approach", "2", "--bootstrap", "20", "--html", html);
  expect(points).toBe(15);
  // The closed form of the exponents, which parabolas meet nearly where the valleys are sampled about their middle.
  expect(parameters["a"]).toBeCloseTo(truth.beta / (truth.alpha + truth.beta), 1);
  const page = await readFile(html, "utf8");
  for (const text of ["on isoflops.csv", "IsoFLOP valleys", "Bias of the approach", "1.00e+19"]) expect(page).toContain(text);
});

describe("what cannot be fitted is said in one sentence", () => {
  it.each<[string, string, string[], number, RegExp]>([
    ["few rows", "run,N,D,loss\na,1e7,1e9,3\nb,1e8,1e9,2.8\n", [], 1, /needs at least 6 trainings, but there are 2/],
    ["no column of losses", "run,N,D\na,1e7,1e9\n", [], 1, /has no column of the usual names for loss \("loss"\); there are "run", "N", "D"/],
    ["a column that is not there", "run,N,D,loss\na,1e7,1e9,3\n", ["--n", "sice"], 1, /has no column "sice"/],
    ["a loss of zero", `run,N,D,loss\n${[0, 1, 2, 3, 4, 5, 6].map((at) => `r${at},${10 ** (7 + at)},1e9,${at}\n`).join("")}`, [], 1, /Line 2 of ".*", column "loss", holds 0/],
    ["a cell that is no number", "run,N,D,loss\na,1e7,much,3\n", [], 1, /Line 2 of ".*", column "D", holds "much"/],
    ["one size", `run,N,D,loss\n${[0, 1, 2, 3, 4, 5, 6].map((at) => `r${at},1e7,${10 ** (8 + at)},${4 - at / 5}\n`).join("")}`, [], 1, /A of the law chinchilla loose: all have the same size/],
  ])("%s", async (name, content, args, code, message) => {
    const outcome = await place.decade("scale", "fit", await place.write(`${name.replaceAll(" ", "-")}.csv`, content), ...args);
    expect([outcome.code, outcome.out, outcome.err]).toEqual([code, "", expect.stringMatching(message)]);
  });

  it.each<[string[], number, RegExp]>([
    [["--law", "chinchila"], 1, /There is no law "chinchila".*Did you mean "chinchilla"\?/],
    [["--drop-highest", "25"], 1, /none would be left to fit/],
    [["--law", "data-constrained"], 1, /RD.*none sees a token twice/],
    [["--fix", "gamma=1"], 1, /has no parameter "gamma"/],
    [["--fix", "E"], 2, /Expected a parameter and its value/],
    [["--level", "90"], 2, /above 0 and below 1/],
    [["--with", "nobody-2020"], 1, /There is no published law "nobody-2020"/],
    [["--with", "hoffmann-2022", "--fix", "E=1"], 2, /--with fits nothing/],
    [["--two-steps", "--law", "kaplan"], 2, /--two-steps is of the law data-constrained/],
    [["--approach", "2", "--law", "kaplan"], 2, /--approach 2 fits no law/],
  ])("%j", async (args, code, message) => {
    const outcome = await place.decade("scale", "fit", table, ...args);
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringMatching(message)]);
  });

  it("a file that is not there", async () => {
    expect(await place.decade("scale", "fit", "none.csv")).toMatchObject({ code: 1, err: 'decade: There is no file "none.csv".\n' });
  });
});
