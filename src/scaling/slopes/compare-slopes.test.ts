import { existsSync } from "node:fs";
import { fc, it } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readTable } from "../table/table.ts";
import { compareSlopes, type SlopeOptions } from "./compare-slopes.ts";
import { slopePoints, type SlopePoint } from "./points.ts";
import { slopesChart } from "./slopes-chart.ts";

const brainBody = "../shared/data/brain-body";
const mammals = `${brainBody}/MASS_mammals.csv`;

/** Two groups whose figures below are those of statsmodels 0.15.0, d = DataFrame(g, x = log X, y = log Y). */
const two: SlopePoint[] = [
  ...[[1, 2.1], [2, 2.9], [4, 5.2], [8, 7.4], [16, 12.5]].map(([x = 0, y = 0]) => ({ name: `a${x}`, group: "a", x, y })),
  ...[[1.5, 1], [3, 2.6], [5, 5.5], [9, 12], [20, 31], [40, 70]].map(([x = 0, y = 0]) => ({ name: `b${x}`, group: "b", x, y })),
];

const compare = async (points: readonly SlopePoint[], options: SlopeOptions = {}) => (await compareSlopes(points, options)).comparison;

describe("two groups, beside statsmodels", () => {
  test("separate lines: ols('y ~ x') of each group", async () => {
    const { groups: [a, b] } = await compare(two);
    expect(a).toMatchObject({ name: "a", n: 5, degreesOfFreedom: 3 });
    expect(a?.slope).toBeCloseTo(0.6498406094268033, 12);
    expect(a?.standardError).toBeCloseTo(0.031557095689950826, 12);
    expect(a?.intercept).toBeCloseTo(0.6956326978904225, 12);
    expect(a?.interceptStandardError).toBeCloseTo(0.05357943294580926, 12);
    expect(a?.r2).toBeCloseTo(0.9929751028115561, 12);
    expect(b?.interval[0]).toBeCloseTo(1.2136860670679173, 10);
    expect(b?.interval[1]).toBeCloseTo(1.3755167248528413, 10);
  });

  test("equal slopes: anova_lm(ols('y ~ x + C(g)'), ols('y ~ x * C(g)'))", async () => {
    const { equalSlopes } = await compare(two);
    expect(equalSlopes?.df).toEqual([1, 7]);
    expect(equalSlopes?.F).toBeCloseTo(214.71406668412538, 8);
    expect(equalSlopes?.p).toBeCloseTo(1.6477944442500953e-06, 15);
  });

  test("a shared slope: ols('y ~ x + C(g)'), its residuals and its prediction at b, X = 10, alpha = 0.1", async () => {
    const { comparison, predict } = await compareSlopes(two, { shared: true, level: 0.9 });
    const [a, b] = comparison.groups;
    expect([a?.slope, b?.slope]).toEqual([comparison.common?.slope, comparison.common?.slope]);
    expect(a?.slope).toBeCloseTo(1.0405773488349932, 12);
    expect(a?.standardError).toBeCloseTo(0.11318813945229354, 12);
    expect(a?.intercept).toBeCloseTo(0.15395655936647712, 12);
    expect(a?.interceptStandardError).toBeCloseTo(0.2363647022811556, 12);
    expect(b?.intercept).toBeCloseTo(0.15395655936647712 - 0.0963636506122334, 12);
    const band = predict("b", 10);
    expect(band.lower).toBeCloseTo(5.244297649530779, 8);
    expect(band.y).toBeCloseTo(11.630265559641941, 8);
    expect(band.upper).toBeCloseTo(25.792410352584742, 8);
    const studentized = [1.8559643879298555, 0.5496655718450932, 0.147525571109149, -0.9175446201259176, -1.6203001908765735, -1.5344595553106257, -0.7086203327760396, -0.07704003147272927, 0.3913362669697242, 0.7559681450690996, 1.1515345124611174];
    comparison.residuals.forEach(({ standardized }, at) => expect(standardized).toBeCloseTo(studentized[at] ?? NaN, 10));
  });
});

const cloud = fc.array(fc.record({ x: fc.double({ min: 1e-3, max: 1e3, noNaN: true }), y: fc.double({ min: 1e-3, max: 1e3, noNaN: true }) }), { minLength: 4, maxLength: 30 })
  .filter((points) => {
    const spread = (values: readonly number[]) => Math.max(...values) / Math.min(...values);
    return spread(points.map(({ x }) => x)) > 1.5 && spread(points.map(({ y }) => y)) > 1.5;
  })
  .map((points) => points.map((point, at) => ({ name: `${at}`, group: "all", ...point })));

describe("the reduced major axis", () => {
  it.prop([cloud], { numRuns: 50 })("does not care which quantity is x: slope and interval turn into their reciprocals", async (points) => {
    const { groups: [line], residuals } = await compare(points, { method: "rma" });
    const { groups: [turned] } = await compare(points.map(({ x, y, ...rest }) => ({ ...rest, x: y, y: x })), { method: "rma" });
    fc.pre(line !== undefined && Math.abs(line.leastSquares.slope / line.slope) > 1e-3 && residuals.length > 0);
    expect((line?.slope ?? NaN) * (turned?.slope ?? NaN)).toBeCloseTo(1, 8);
    const ends = [...(turned?.interval ?? [])].map((end) => 1 / end).sort((one, other) => one - other);
    line?.interval.forEach((end, at) => expect(end / (ends[at] ?? NaN)).toBeCloseTo(1, 6));
  });

  it.prop([cloud], { numRuns: 50 })("is never flatter than least squares, by the correlation", async (points) => {
    const { groups: [line] } = await compare(points);
    const correlation = Math.sqrt(line?.r2 ?? NaN);
    expect(Math.abs(line?.leastSquares.slope ?? NaN)).toBeCloseTo(correlation * Math.abs(line?.reducedMajorAxis.slope ?? NaN), 6);
  });

  test("has one slope for several groups when they share it, from what varies within them", async () => {
    const { groups, common } = await compare(two, { shared: true, method: "rma" });
    const within = (part: "x" | "y") => ["a", "b"].reduce((sum, name) => {
      const logs = two.filter(({ group }) => group === name).map((point) => Math.log(point[part]));
      const mean = logs.reduce((total, value) => total + value, 0) / logs.length;
      return sum + logs.reduce((total, value) => total + (value - mean) ** 2, 0);
    }, 0);
    for (const { slope } of groups) expect(slope).toBeCloseTo(Math.sqrt(within("y") / within("x")), 12);
    expect(common?.slope).toBe(groups[0]?.slope);
  });
});

describe("power laws", () => {
  it.prop([fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })])("are recovered from points without scatter", async (exponent, intercept) => {
    const points = [1e-3, 0.5, 2, 70, 1e6].map((x) => ({ name: `${x}`, group: "all", x, y: Math.exp(intercept) * x ** exponent }));
    const { groups: [line], equalSlopes, residuals } = await compare(points);
    for (const { residual, standardized, outside } of residuals) expect([residual, standardized, outside]).toEqual([0, 0, false]);
    expect(line?.slope).toBeCloseTo(exponent, 10);
    expect(line?.intercept).toBeCloseTo(intercept, 10);
    expect(equalSlopes).toBeNull();
  });

  test("without scatter leave nothing to test against", async () => {
    const exact = two.map((point) => ({ ...point, y: point.x ** (point.group === "a" ? 1 : 2) }));
    expect((await compare(exact)).equalSlopes).toBeNull();
  });

  it.prop([fc.double({ min: 1e-6, max: 1e6, noNaN: true })])("of a quantity that does not vary are flat, with nothing to explain or to test", async (y) => {
    const { groups, equalSlopes } = await compare(two.map((point) => ({ ...point, y })));
    expect(equalSlopes).toBeNull();
    for (const { slope, r2, residualDeviation } of groups) expect([slope, r2, residualDeviation]).toEqual([0, NaN, 0]);
  });

  it.prop([fc.constantFrom("ols" as const, "rma" as const), fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: 0.1, max: 3, noNaN: true })), fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -6, max: 6, noNaN: true })))])(
    "do not measure a point by itself that alone tells the slope", async (method, [at, beside], [a = 0, b = 0, c = 0]) => {
      const points = [[at, a], [at, b], [at + beside, c]].map(([x = 0, y = 0], number) => ({ name: `${number}`, group: "all", x: 10 ** x, y: 10 ** y }));
      fc.pre(a === b || Math.abs(a - b) > 1e-3);
      const { residuals } = await compare(points, { method });
      expect(residuals[2]?.standardized).toBe(0);
      for (const { standardized } of residuals) expect(Math.abs(standardized)).toBeLessThan(2);
    });

  it.prop([fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true })], { numRuns: 20 })("do not depend on units", async (unitX, unitY) => {
    const [plain, scaled] = [await compare(two), await compare(two.map((point) => ({ ...point, x: point.x * unitX, y: point.y * unitY })))];
    expect(scaled.equalSlopes?.F).toBeCloseTo(plain.equalSlopes?.F ?? NaN, 4);
    plain.residuals.forEach(({ residual }, at) => expect(scaled.residuals[at]?.residual).toBeCloseTo(residual, 8));
  });
});

it("a picture has room for more points than a call has for arguments", async () => {
  const points = Array.from({ length: 130_000 }, (_, at) => ({ name: `${at}`, group: "all", x: 1 + at, y: 1 + (at % 7) }));
  const analysis = await compareSlopes(points);
  expect(() => slopesChart(analysis, { x: { title: "x" }, y: { title: "y" } })).not.toThrow();
});

describe("what cannot be fitted", () => {
  test("is left out and told, as long as another group has a line", async () => {
    const more = [...two, { name: "c1", group: "c", x: 1, y: 1 }, ...[1, 2, 3].map((y) => ({ name: `d${y}`, group: "d", x: 7, y }))];
    const { groups, leftOut, residuals, equalSlopes } = await compare(more);
    expect(groups.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(leftOut).toEqual([{ name: "c", n: 1, reason: "fewer than 3 points" }, { name: "d", n: 3, reason: "all points at one x" }]);
    expect(residuals).toHaveLength(two.length);
    expect(equalSlopes?.df).toEqual([1, 7]);
  });

  test("is an error where no group is left", async () => {
    await expect(compare(two.slice(0, 2))).rejects.toThrow('No line can be fitted: the group "a" has fewer than 3 points (2 in all), but a line and the scatter about it need at least 3 points at different x.');
    await expect(compare(two.map((point) => ({ ...point, x: 5 })))).rejects.toThrow('the group "a" has all points at one x (5 in all)');
  });

  test("a level is a share", async () => {
    await expect(compare(two, { level: 95 })).rejects.toThrow("An interval cannot cover a share of 95; give a level between 0 and 1, such as 0.95.");
  });

  test("a point to be left out must be there", async () => {
    await expect(compare(two, { without: ["b41"] })).rejects.toThrow('No point is named "b41", so it cannot be left out; did you mean "b40"?');
  });
});

describe.skipIf(!existsSync(mammals))("mammals (skipped where ../shared/data is absent)", () => {
  test("62 of MASS: smf.ols('log(brain) ~ log(body)')", async () => {
    const { points } = slopePoints(await readTable(mammals), { x: "body", y: "brain" });
    const { comparison: { groups: [line], residuals }, predict } = await compareSlopes(points);
    expect(line?.slope).toBeCloseTo(0.751685936241901, 12);
    expect(line?.standardError).toBeCloseTo(0.028463559838239307, 12);
    expect(line?.intercept).toBeCloseTo(2.1347886767646367, 12);
    expect(line?.r2).toBeCloseTo(0.9207837169027255, 12);
    const human = residuals.find(({ name }) => name === "Human");
    expect(human?.residual).toBeCloseTo(1.9482894645970177, 10);
    expect(human?.standardized).toBeCloseTo(2.8480428287477126, 10);
    const band = predict("all", 62);
    expect(band.lower).toBeCloseTo(45.97810541787574, 8);
    expect(band.upper).toBeCloseTo(769.7222903908917, 7);
  });

  test("humans beside a line that is fitted without them", async () => {
    const { points } = slopePoints(await readTable(mammals), { x: "body", y: "brain" });
    const { groups: [line], residuals } = await compare(points, { without: ["Human"] });
    expect(line).toMatchObject({ n: 61 });
    expect(line?.slope).toBeCloseTo(0.7422765954176305, 12);
    const human = residuals.find(({ fitted }) => !fitted);
    expect(human).toMatchObject({ name: "Human", outside: true });
    expect(human?.residual).toBeCloseTo(2.0069071894030386, 10);
    expect(human?.standardized).toBeCloseTo(3.0369408081237093, 10);
  });

  test("1,986 of Tsuboi et al. 2018 in 17 orders: anova_lm of common against separate slopes", async () => {
    const columns = { x: "Body mass (g)", y: "Brain mass (g)", group: "Order" };
    const { points, skipped } = slopePoints(await readTable(`${brainBody}/tsuboi2018-mammals.csv`), columns);
    expect(points.length + skipped).toBe(5056);
    const { groups, equalSlopes, common, residuals } = await compare(points);
    expect([groups.length, residuals.length]).toEqual([17, 1986]);
    expect(equalSlopes?.df).toEqual([16, 1952]);
    expect(equalSlopes?.F).toBeCloseTo(13.867040186694128, 9);
    expect(equalSlopes?.p).toBeCloseTo(4.943698028473915e-36, 45);
    expect(common?.slope).toBeCloseTo(0.6919490161548892, 12);
    expect(common?.standardError).toBeCloseTo(0.006249591530048008, 12);
  });
});
