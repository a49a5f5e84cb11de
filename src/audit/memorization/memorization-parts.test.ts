import { fc, it } from "@fast-check/vitest";
import cephes from "cephes";
import { beforeAll, describe, expect, test } from "vitest";
import { insertCanaries, parseCanaryRecord } from "./canaries.ts";
import { fitLogLinear } from "./log-linear.ts";
import { areaUnderCurve } from "../../metrics/area-under-curve.ts";
import { aurocError } from "./membership.ts";
import { fitSkewNormal, logCumulative } from "./skew-normal.ts";
import { drawWindows } from "./windows.ts";

const text = Array.from({ length: 400 }, (_, at) => `line ${at} of a text\n`).join("");

describe("insertCanaries", () => {
  it.prop([fc.nat(2 ** 32 - 1)], { numRuns: 20 })("repeats each canary as often as asked, and takes nothing from the text", (seed) => {
    const { text: result, record } = insertCanaries(text, { repeat: [0, 1, 10, 40], seed });
    const lines = record.canaries.map(({ before, secret, after }) => `${before}${secret}${after}`);
    const found = result.split("\n");
    expect(lines.map((line) => found.filter((each) => each === line).length)).toEqual([0, 1, 10, 40]);
    expect(found.filter((line) => !lines.includes(line)).join("\n")).toBe(text);
    const lastCanary = Math.max(...lines.map((line) => result.lastIndexOf(line)));
    expect(lastCanary).toBeLessThan(0.9 * result.length);
    expect(insertCanaries(text, { repeat: [0, 1, 10, 40], seed })).toEqual({ text: result, record });
  });

  test("refuses a format without a secret, a text that is too short, and files that are no record", () => {
    expect(() => insertCanaries(text, { repeat: [1], seed: 1, format: "no secret" })).toThrow(/"no secret" is no line with one secret/);
    expect(() => insertCanaries("short\n", { repeat: [100], seed: 1 })).toThrow(/more than fit into the first 90% of 6 characters/);
    expect(() => insertCanaries("short\n", { repeat: [99_999_999_999], seed: 1 })).toThrow(/more than fit into the first 90%/);
    expect(() => insertCanaries("short\n", { repeat: [0], each: 99_999_999_999, seed: 1 })).toThrow(/canaries were asked for; ask for 100000 at most/);
    expect(() => parseCanaryRecord("{", "r.json")).toThrow(/r.json is not JSON/);
    expect(() => parseCanaryRecord("{}", "r.json")).toThrow(/r.json is no record of canaries/);
  });
});

describe("skew normal", () => {
  beforeAll(() => cephes.compiled);

  test.each([ // mpmath
    [0.5, 0.479500122186953], [1.5, 0.0338948535246893], [3, 0.0000220904969985854], [8, 1.12242971729829e-29], [-1, 1.84270079294972],
  ])("erfc(%d)", (x, expected) => expect(cephes.erfc(x) / expected).toBeCloseTo(1, 12));

  it.prop([fc.double({ min: -30, max: 4, noNaN: true })])("without a shape is normal, in the far tail too", async (z) => {
    const normal = z > -20 ? Math.log(0.5 * cephes.erfc(-z / Math.SQRT2)) : -0.5 * z * z - Math.log(-z * Math.sqrt(2 * Math.PI)) + Math.log1p(-1 / z ** 2 + 3 / z ** 4);
    expect(Math.abs(await logCumulative({ location: 2, scale: 3, shape: 0 }, 2 + 3 * z) - normal)).toBeLessThan(1e-5 * Math.max(1, -normal));
  });

  test.each([[2, 0.5], [-1.5, 0.3], [4, -0.2]])("with shape %d at 0 has the closed form ½ − arctan(shape)/π", async (shape) => {
    expect(Math.exp(await logCumulative({ location: 0, scale: 1, shape }, 0))).toBeCloseTo(0.5 - Math.atan(shape) / Math.PI, 6);
  });

  test("is found again from its quantiles", async () => {
    const truth = { location: 10, scale: 2, shape: 3 };
    const values = Array.from({ length: 121 }, (_, at) => 7 + at / 8);
    const shares = await Promise.all(values.map(async (value) => Math.exp(await logCumulative(truth, value))));
    const quantile = (share: number): number => {
      const above = shares.findIndex((each) => each > share);
      const [low = 0, high = 1] = [shares[above - 1], shares[above]];
      return (values[above - 1] ?? NaN) + (share - low) / (high - low) / 8;
    };
    const fitted = fitSkewNormal(Array.from({ length: 400 }, (_, at) => quantile((at + 0.5) / 400)));
    expect(fitted.location).toBeCloseTo(10, 0);
    expect(Math.abs(fitted.scale - 2)).toBeLessThan(0.15);
    expect(Math.abs(fitted.shape - 3)).toBeLessThan(0.6);
    expect(() => fitSkewNormal([1, 1, 1])).toThrow(/at least 3 that differ/);
  });
});

describe("windows", () => {
  it.prop([fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 60 }), fc.integer({ min: 1, max: 4 })])("counts repetitions as comparing all windows does", (list, length) => {
    const tokens = Int32Array.from(list);
    const keys = list.flatMap((_, at) => at + length <= list.length ? [list.slice(at, at + length).join()] : []);
    const windows = drawWindows(tokens, length, 1000, 1);
    const found = windows.map(({ start, repetitions }) => `${keys[start]}: ${repetitions}`);
    expect(found.sort()).toEqual([...new Set(keys)].map((key) => `${key}: ${keys.filter((each) => each === key).length}`).sort());
  });

  test("draws at most so many of each power of two, all different", () => {
    const tokens = Int32Array.from({ length: 300 }, (_, at) => at < 100 ? at % 5 : at);
    const windows = drawWindows(tokens, 3, 10, 7);
    expect(windows.filter(({ repetitions }) => repetitions === 1)).toHaveLength(10);
    expect(windows.filter(({ repetitions }) => repetitions > 1)).toHaveLength(5);
    expect(new Set(windows.map(({ start }) => start)).size).toBe(15);
  });
});

describe("membership", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });
  it.prop([scores, scores])("the area under the curve is the share of pairs in order", (positive, negative) => {
    const pairs = positive.flatMap((high) => negative.map((low) => high > low ? 1 : high === low ? 0.5 : 0));
    expect(areaUnderCurve(positive, negative)).toBeCloseTo(pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length, 12);
  });

  test("the area's error without signal is that of the Mann-Whitney statistic", () => {
    // At ½ Hanley and McNeil's formula is (n + m + 1) / 12nm, as is the variance under the hypothesis of no difference.
    expect(aurocError(0.5, 20, 30)).toBeCloseTo(Math.sqrt(51 / (12 * 20 * 30)), 12);
  });
});

test("a log-linear law is found again", () => {
  const fit = fitLogLinear([1, 2, 4, 8, 16].map((x) => ({ x, y: 0.1 + 0.05 * Math.log2(x) })));
  expect(fit?.intercept).toBeCloseTo(0.1, 12);
  expect(fit?.slope).toBeCloseTo(0.05, 12);
  expect(fit?.slopeError).toBeCloseTo(0, 12);
  expect(fitLogLinear([{ x: 2, y: 1 }, { x: 2, y: 0 }, { x: 2, y: 0 }])).toBeUndefined();
});
