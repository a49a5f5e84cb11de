/** Thinking longer from the command line: data, a model, strategies, curves, doubts. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untrainedRun } from "../think/fixtures/untrained-run.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

const TASK = "addition:digits=2,format=plain";
let place: Workplace;
let run: string;

beforeAll(async () => {
  place = await Workplace.create();
  run = place.run("sums");
  const data = await place.decade("think", "data", TASK, "--count", "1000", "--output", place.path("sums.jsonl"), "--json");
  expect(lastLine(data.out), data.err).toMatchObject({ problems: 1000, split: "train" });
  const tokenized = await place.decade("tokenize", place.path("sums.jsonl"), "--character", "--output", place.path("sums"), "--validation", "0.05", "--threads", "1");
  expect(tokenized.code, tokenized.err).toBe(0);
  await place.write("sums.json", JSON.stringify({
    name: "sums", directory: place.path("runs"), data: { kind: "shards", folder: "sums" },
    model: { kind: "gpt", layers: 1, dimension: 32, heads: 2, context: 32, positions: "rotary" },
    training: { steps: 60, batch: { sequences: 8 }, separateDocuments: true, optimizer: { kind: "adamw", learningRate: 0.01 }, mfu: false },
    engine: { kind: "onnx", threads: 1 },
  }));
  const trained = await place.decade("pretrain", place.path("sums.json"), "--json");
  expect(trained.code, trained.err).toBe(0);
}, 60_000);

afterAll(() => place.remove());

const think = (...args: string[]) => place.decade("think", ...args, "--problems", "12", "--threads", "1", "--json");

test("data are problems with their solutions, of which none is a test problem", async () => {
  const [first] = (await readFile(place.path("sums.jsonl"), "utf8")).split("\n");
  const { text, prompt, solution } = JSON.parse(first ?? "") as Record<"text" | "prompt" | "solution", string>;
  expect(text).toBe(prompt + solution);
  expect(text).toMatch(/^\d\d\+\d\d=\d+$/);
});

test("a strategy keeps to its budget and tells what it took", async () => {
  const { code, out, err } = await think(TASK, run, "--strategy", "best-of-n", "--samples", "50", "--budget", "40tokens", "--output", place.path("solved.jsonl"));
  expect(code, err).toBe(0);
  const report = lastLine(out) as { accuracy: number; interval: number[]; problems: number; tokens: number; flops: number; attempts: number };
  expect(report.problems).toBe(12);
  expect(report.tokens).toBeLessThanOrEqual(12 * 40);
  expect(report.tokens).toBeGreaterThan(12 * (40 - 5));
  expect(report.interval[0]).toBeLessThanOrEqual(report.accuracy);
  expect(report.interval[1]).toBeGreaterThanOrEqual(report.accuracy);
  const solved = (await readFile(place.path("solved.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as { usage: { flops: number }; attempts: unknown[] });
  expect(solved.reduce((sum, { usage }) => sum + usage.flops, 0)).toBeCloseTo(report.flops, 3);
  expect(solved.reduce((sum, { attempts }) => sum + attempts.length, 0)).toBe(report.attempts);
  expect((await think(TASK, run, "--strategy", "best-of-n", "--samples", "50", "--budget", "40tokens")).out.replace(/"seconds":[^,]+/, "")).toBe(out.replace(/"seconds":[^,]+/, ""));
});

test("a curve rises with k, and goes with its pictures", async () => {
  const { code, out, err } = await think("curve", TASK, run, "--samples", "8", "--svg", place.path("curve.svg"), "--html", place.path("curve.html"));
  expect(code, err).toBe(0);
  const { runs } = lastLine(out) as { runs: { points: { k: number; pass: { value: number }; flops: number }[] }[] };
  const points = runs[0]?.points ?? [];
  expect(points.map(({ k }) => k)).toEqual([1, 2, 4, 8]);
  points.slice(1).forEach(({ pass, flops }, at) => {
    expect(pass.value).toBeGreaterThanOrEqual(points[at]?.pass.value ?? NaN);
    expect(flops).toBeGreaterThan(points[at]?.flops ?? NaN);
  });
  expect(await readFile(place.path("curve.svg"), "utf8")).toMatch(/^<svg/);
  expect(await readFile(place.path("curve.html"), "utf8")).toContain("What it costs in agreement");
});

test("a check tells why AUROC is not defined, or gives it, and what a revision did", async () => {
  const { code, out, err } = await think("check", TASK, run, "--samples", "6", "--revise", "--threshold", "1", "--probe-problems", "20", "--svg", place.path("risk.svg"), "--html", place.path("pages/doubts.html"));
  expect(code, err).toBe(0);
  const report = lastLine(out) as { auroc: number | null; ece: number; undefinedBecause?: string; flagged: number; accuracy: number; probe: { problems: number }; revision?: { corrected: number; broken: number; accuracy: number } };
  expect(report.auroc === null).toBe(report.undefinedBecause !== undefined);
  expect(report.ece).toBeGreaterThanOrEqual(0);
  expect(report.flagged).toBeGreaterThan(0);
  const { corrected = NaN, broken = NaN, accuracy } = report.revision ?? {};
  expect(accuracy).toBeCloseTo(report.accuracy + (corrected - broken) / 12, 12);
  expect(report.probe.problems).toBe(20);
  expect(await readFile(place.path("risk.svg"), "utf8")).toMatch(/^<svg/);
  expect(await readFile(place.path("risk.reliability.svg"), "utf8")).toMatch(/^<svg/);
  expect(await readFile(place.path("pages/doubts.html"), "utf8")).toContain("How often answers are right");
});

test("a reward model is trained on attempts, and chooses among others", async () => {
  const task = "addition:digits=1,format=plain";
  const guessing = await untrainedRun(place.path("runs"), "guessing", "0123456789+=", { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 16 });
  const folder = place.run("reward");
  const trained = await place.decade("think", "reward", task, guessing, "--output", folder, "--problems", "20", "--held-out", "2", "--samples", "64", "--max-tokens", "1", "--epochs", "1", "--threads", "1", "--json");
  expect(trained.code, trained.err).toBe(0);
  expect(lastLine(trained.out)).toMatchObject({ kind: "outcome", directory: folder, attempts: 128, step: 20 });
  const solve = (...more: string[]) => place.decade("think", task, guessing, "--samples", "8", "--max-tokens", "1", "--problems", "3", "--threads", "1", "--json", ...more);
  const [voted, rewarded] = [await solve("--strategy", "majority-vote"), await solve("--strategy", "best-of-n", "--reward", folder)];
  expect(rewarded.code, rewarded.err).toBe(0);
  const flopsOf = ({ out }: { out: string }): number => (lastLine(out) as { flops: number }).flops;
  expect(flopsOf(rewarded)).toBeGreaterThan(flopsOf(voted));
  const refused = await solve("--strategy", "step-beam", "--reward", folder);
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/judges whole attempts alone; train one of kind process/)]);
  const other = await place.decade("think", "check", TASK, run, "--reward", folder, "--problems", "3", "--threads", "1");
  expect([other.code, other.err]).toEqual([1, expect.stringMatching(/has another tokenizer than the model whose attempts it is to judge/)]);
}, 120_000);

describe("what makes no sense is said", () => {
  test.each<[string, () => readonly string[], number, RegExp]>([
    ["a task", () => ["additoin", run], 1, /no task "additoin"; did you mean "addition"/],
    ["a strategy", () => [TASK, run, "--strategy", "luck"], 2, /Allowed choices are greedy, best-of-n/],
    ["a budget", () => [TASK, run, "--budget", "5apples"], 2, /Expected a number above 0/],
    ["a budget that pays for nothing", () => [TASK, run, "--budget", "3"], 1, /A budget of 3 tokens is too small for one attempt at addition:digits=2,format=plain, which may take 5 tokens/],
    ["a run that is not there", () => [TASK, place.path("nowhere")], 1, /nowhere/],
    ["an endpoint without a model", () => [TASK, "http://127.0.0.1:9/v1"], 2, /names no model; put its name after #/],
    ["an endpoint that is not there", () => [TASK, "http://127.0.0.1:2/v1#words", "--retries", "0"], 1, /words at http:\/\/127\.0\.0\.1:2\/v1 could not be reached \(connect ECONNREFUSED/],
    ["an endpoint at a port that fetch refuses", () => [TASK, "http://127.0.0.1:9/v1#words"], 1, /has a port that browsers and fetch refuse to use/],
    ["an endpoint without an address", () => [TASK, "http://:8000/v1#words"], 2, /http:\/\/:8000\/v1 is no address of an endpoint/],
    ["a reward model that is none", () => [TASK, run, "--strategy", "best-of-n", "--reward", run], 1, /sums is no reward model; train one with decade think reward/],
    ["an aggregation of nothing", () => [TASK, run, "--aggregate", "min"], 2, /--aggregate is about --reward; add it/],
    ["a reward for a curve without strategies", () => ["curve", TASK, run, "--reward", run], 2, /--reward is for strategies that ask how good an attempt is/],
    ["a probe of an endpoint", () => ["check", TASK, "http://127.0.0.1:9/v1#words", "--probe-problems", "5"], 2, /the hidden states of a run, which an endpoint does not show/],
    ["a revision that was not asked for", () => ["check", TASK, run, "--revise-samples", "4"], 2, /about --revise; add it/],
  ])("%s", async (_, args, code, message) => {
    const outcome = await think(...args());
    expect(outcome.err).toMatch(message);
    expect([outcome.code, outcome.out]).toEqual([code, ""]);
  });
});
