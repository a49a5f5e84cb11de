/** What `decade scale slopes` prints, on tables whose lines are known and on what cannot be fitted. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

interface Slopes {
  readonly groups: readonly { name: string; slope: number; standardError: number; intercept: number; r2: number; n: number }[];
  readonly equalSlopes: { F: number; df: [number, number]; p: number } | null;
  readonly residuals: readonly { name: string; group: string; residual: number; fitted: boolean }[];
  readonly leftOut: readonly { name: string; n: number; reason: string }[];
  readonly skippedRows: number;
}

const mammals = resolve("../shared/data/brain-body/MASS_mammals.csv");
const AXES = ["--x", "x", "--y", "y"];

let place: Workplace;
let groups: string;
beforeAll(async () => {
  place = await Workplace.create();
  // y = 2·√x and y = x², each with a little scatter.
  const rows = [1, 2, 4, 8, 16, 32].flatMap((x, at) => [`root ${at},root,${x},${2 * Math.sqrt(x) * (at % 2 === 0 ? 1.01 : 0.99)}`, `square ${at},square,${x},${x ** 2 * (at % 3 === 0 ? 1.02 : 0.99)}`]);
  groups = await place.write("groups.csv", `name,kind,x,y\n${rows.join("\n")}\nnothing,root,5,\n`);
});
afterAll(() => place.remove());

async function slopes(...args: string[]): Promise<Slopes> {
  const { out, code } = await place.decade("scale", "slopes", ...args, "--json");
  expect(code).toBe(0);
  return lastLine(out) as Slopes;
}

async function failure(...args: string[]): Promise<{ err: string; code: number | null }> {
  const { out, err, code } = await place.decade("scale", "slopes", ...args);
  expect(out).toBe("");
  return { err, code };
}

describe("scale slopes", () => {
  test("gives each group's exponent, the test that they are equal, and all residuals by name", async () => {
    const figures = await slopes(groups, ...AXES, "--group", "kind");
    expect(figures.groups.map(({ name, n }) => [name, n])).toEqual([["root", 6], ["square", 6]]);
    expect(figures.groups[0]?.slope).toBeCloseTo(0.5, 1);
    expect(figures.groups[1]?.slope).toBeCloseTo(2, 1);
    expect(figures.equalSlopes?.df).toEqual([1, 8]);
    expect(figures.equalSlopes?.p).toBeLessThan(1e-9);
    expect(figures.residuals.map(({ name }) => name)).toContain("square 5");
    expect(figures.skippedRows).toBe(1);
  });

  test("says in words what was found, and on standard error what was left out", async () => {
    const { out, err } = await place.decade("scale", "slopes", groups, ...AXES, "--group", "kind", "--residuals", "2");
    expect(out).toContain('ln(y) = intercept + slope·ln(x) in groups.csv: ordinary least squares, a slope for each "kind", 12 points.');
    expect(out).toMatch(/^The 2 groups do not share a slope: F\(1, 8\) = /m);
    expect(out.split("Farthest from the lines:")[1]?.trim().split("\n")).toHaveLength(3);
    expect(err).toBe('decade: 1 of 13 rows are left out, for nothing stands under "x" or "y" or "kind".\n');
  });

  test("has one group where none is asked for, with nothing to compare", async () => {
    const { groups: [all, ...others], equalSlopes } = await slopes(groups, ...AXES);
    expect([all?.name, others, equalSlopes]).toEqual(["all", [], null]);
  });

  test("gives groups one slope when they share it, and leaves points out of the fit", async () => {
    const figures = await slopes(groups, ...AXES, "--group", "kind", "--shared", "--method", "rma", "--without", "root 0");
    expect(figures.groups[0]?.slope).toBe(figures.groups[1]?.slope);
    expect(figures.groups.map(({ n }) => n)).toEqual([5, 6]);
    expect(figures.residuals.filter(({ fitted }) => !fitted).map(({ name }) => name)).toEqual(["root 0"]);
  });

  test("draws the lines and writes a page that needs nothing else", async () => {
    const [svg, html] = [place.path("slopes.svg"), place.path("slopes.html")];
    await slopes(groups, ...AXES, "--group", "kind", "--svg", svg, "--html", html, "--x-unit", "kg");
    const picture = await readFile(svg, "utf8");
    for (const text of [">x (kg)<", ">root<", ">square<"]) expect(picture).toContain(text);
    const page = await readFile(html, "utf8");
    expect(page).toContain("The 2 groups do not share a slope");
    expect(page).not.toMatch(/(src|href)="/);
  });

  test.skipIf(!existsSync(mammals))("mammals' brains: humans far above the line (skipped where ../shared/data is absent)", async () => {
    const { groups: [line], residuals } = await slopes(mammals, "--x", "body", "--y", "brain");
    expect(line).toMatchObject({ name: "all", n: 62 });
    expect([line?.slope, line?.standardError, line?.intercept, line?.r2].map((value) => value?.toFixed(5))).toEqual(["0.75169", "0.02846", "2.13479", "0.92078"]);
    const largest = residuals.reduce((most, point) => Math.abs(point.residual) > Math.abs(most.residual) ? point : most);
    expect([largest.name, largest.residual.toFixed(3)]).toEqual(["Human", "1.948"]);
  });
});

describe("what cannot be done is said in one sentence", () => {
  test("no such file, no such column, no such name", async () => {
    expect(await failure("none.csv", ...AXES)).toEqual({ err: 'decade: There is no file "none.csv".\n', code: 1 });
    expect((await failure(groups, "--x", "xx", "--y", "y")).err).toContain('has no column "xx"; there are "name", "kind", "x", "y". Did you mean "x"?');
    expect((await failure(groups, ...AXES, "--without", "root 9")).err).toContain('No point is named "root 9"');
  });

  test("cells, with their lines", async () => {
    const path = await place.write("cells.csv", "x,y\n1,2\n2,none\n3,-4\n");
    expect((await failure(path, ...AXES)).err).toContain(`Line 3 of "${path}", column "y", holds "none", but a number was expected.`);
    expect((await failure(await place.write("sign.csv", "x,y\n1,2\n2,3\n3,-4\n"), ...AXES)).err).toMatch(/Line 4 of ".*sign.csv", column "y", holds -4, but its logarithm is taken/);
  });

  test("too few points, and all at one size", async () => {
    expect((await failure(await place.write("few.csv", "x,y\n1,2\n2,3\n"), ...AXES)).err).toContain("a line and the scatter about it need at least 3 points at different x");
    expect((await failure(await place.write("one.csv", "x,y\n2,2\n2,3\n2,4\n"), ...AXES)).err).toContain("has all points at one x");
  });

  test("usage", async () => {
    expect(await failure(groups, ...AXES, "--shared")).toEqual({ err: "decade: --shared gives several groups one slope; name their column with --group.\n", code: 2 });
    expect((await failure(groups, ...AXES, "--level", "95")).code).toBe(2);
    expect((await failure(groups, "--x", "x")).code).toBe(2);
  });
});
