import { basename } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { writePage } from "../plot/page.ts";
import { writeSvg } from "../plot/render.ts";
import type { ThemeName } from "../plot/theme.ts";
import { compareSlopes, LEAST_POINTS, type GroupSlope, type SlopeAnalysis, type SlopeComparison } from "../scaling/slopes/compare-slopes.ts";
import type { LineMethod } from "../scaling/slopes/line.ts";
import { slopePoints } from "../scaling/slopes/points.ts";
import { farthest, slopesChart } from "../scaling/slopes/slopes-chart.ts";
import { readTable } from "../scaling/table/table.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, number, repeated } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";

interface SlopesFlags {
  readonly x: string;
  readonly y: string;
  readonly group?: string;
  readonly label?: string;
  readonly method: LineMethod;
  readonly shared?: boolean;
  readonly without: readonly string[];
  readonly level: number;
  readonly residuals: number;
  readonly xUnit?: string;
  readonly yUnit?: string;
  readonly svg?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function addScaleSlopes(scale: Command, io: Io): void {
  scale.command("slopes")
    .description("fit a power law y = e^a·x^b to each group of a table, and test whether the groups share b")
    .argument("<file>", "CSV or tab-separated table; its first line names the columns")
    .requiredOption("--x <column>", "column of x, above 0")
    .requiredOption("--y <column>", "column of y, above 0")
    .option("--group <column>", "column that names each row's group (default: one group, \"all\")")
    .option("--label <column>", "column that names each point (default: the first column of texts that are all different)")
    .addOption(new Option("--method <line>", "ordinary least squares or the reduced major axis").choices(["ols", "rma"]).default("ols"))
    .option("--shared", "one slope for all groups, each with its own intercept")
    .option("--without <name>", "fit without a point, and tell how far it lies from the line; may be repeated", repeated, [])
    .option("--level <share>", "share of new points that a prediction band covers, and of the slopes' intervals", share, 0.95)
    .option("--residuals <count>", "how many of the farthest points are printed, and named in pictures", nonNegativeInteger, 8)
    .option("--x-unit <unit>", "unit of x, for pictures")
    .option("--y-unit <unit>", "unit of y, for pictures")
    .option("--svg <file>", "draw points, lines and bands")
    .option("--html <file>", "write a page with picture and tables")
    .addOption(jsonOption())
    .action((file: string, flags: SlopesFlags) => runSlopes(file, flags, io));
}

async function runSlopes(file: string, flags: SlopesFlags, io: Io): Promise<void> {
  if (flags.shared === true && flags.group === undefined) throw new UsageError("--shared gives several groups one slope; name their column with --group.");
  await prepareOutputs(flags.svg, flags.html);
  const { points, skipped } = slopePoints(await readTable(file), flags);
  const analysis = await compareSlopes(points, flags);
  const { comparison } = analysis;
  tellOmissions(comparison, skipped, skipped + points.length, flags, io);
  const draw = (theme: ThemeName) => slopesChart(analysis, {
    theme, title: `${flags.y} against ${flags.x}`, subtitle: subtitle(comparison), named: flags.residuals,
    x: axis(flags.x, flags.xUnit), y: axis(flags.y, flags.yUnit),
  });
  if (flags.svg !== undefined) await writeSvg(flags.svg, draw("light"));
  if (flags.html !== undefined) await writeSlopesPage(flags.html, file, analysis, flags, draw);
  const { groups, equalSlopes, residuals, ...rest } = comparison;
  printResult(io, flags.json, { groups, equalSlopes, residuals, ...rest, skippedRows: skipped }, () => [
    `${describeLaw(file, flags)}, ${count(residuals.filter(({ fitted }) => fitted).length)} points.`, "",
    table(GROUP_HEADINGS, groups.map(groupRow), GROUP_NUMBERS), "", ...describeComparison(comparison), describeOutside(comparison),
    ...(flags.residuals === 0 ? [] : ["", "Farthest from the lines:", table(...residualTable(analysis, flags))]),
    ...(flags.svg === undefined ? [] : ["", `The picture is in ${flags.svg}.`]),
    ...(flags.html === undefined ? [] : ["", `The page is in ${flags.html}.`]),
  ].join("\n"));
}

function share(text: string): number {
  const value = number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Expected a number between 0 and 1, such as 0.95.");
  return value;
}

function axis(title: string, unit: string | undefined) {
  return { title, ...(unit !== undefined && { unit }) };
}

/** What was left out is said aloud, since the figures stand for the rest only. */
function tellOmissions({ leftOut }: SlopeComparison, skipped: number, rows: number, { x, y, group }: SlopesFlags, io: Io): void {
  const columns = [x, y, ...(group === undefined ? [] : [group])].map((column) => `"${column}"`).join(" or ");
  if (skipped > 0) io.err(`decade: ${count(skipped)} of ${count(rows)} rows are left out, for nothing stands under ${columns}.\n`);
  if (leftOut.length > 0) {
    io.err(`decade: No line for ${leftOut.map(({ name, n, reason }) => `"${name}" (${n}: ${reason})`).join(", ")}; a line needs ${LEAST_POINTS} points at different x.\n`);
  }
}

const METHODS = { ols: "ordinary least squares", rma: "reduced major axis" } as const satisfies Record<LineMethod, string>;

function describeLaw(file: string, { x, y, method, shared, group }: SlopesFlags): string {
  const slopes = group === undefined ? "" : shared === true ? `, one slope for all of "${group}"` : `, a slope for each "${group}"`;
  return `ln(${y}) = intercept + slope·ln(${x}) in ${basename(file)}: ${METHODS[method]}${slopes}`;
}

const GROUP_HEADINGS = ["group", "n", "slope", "standard error", "interval", "intercept", "R²", "scatter", "slope by OLS", "by RMA"];
const GROUP_NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function groupRow({ name, n, slope, standardError, interval, intercept, r2, residualDeviation, leastSquares, reducedMajorAxis }: GroupSlope): string[] {
  return [
    name, count(n), slope.toFixed(4), standardError.toFixed(4), interval.map((end) => end.toFixed(3)).join(" to "), intercept.toFixed(4),
    Number.isNaN(r2) ? "-" : r2.toFixed(4), residualDeviation.toFixed(3), leastSquares.slope.toFixed(4), reducedMajorAxis.slope.toFixed(4),
  ];
}

function describeComparison({ groups, equalSlopes, common, level, method }: SlopeComparison): string[] {
  if (common === null) return [];
  const within = `Within groups the common slope is ${common.slope.toFixed(4)}, standard error ${common.standardError.toFixed(4)}, ${percent(level)} interval ${common.interval.map((end) => end.toFixed(3)).join(" to ")}.`;
  if (equalSlopes === null) return [`The points lie on their ${groups.length} lines exactly, so that there is no scatter against which to test whether the slopes are equal.`, within];
  const { F, df, p } = equalSlopes;
  const test = `F(${df.join(", ")}) = ${F.toPrecision(4)}, p ${probability(p)}`;
  const verdict = p < 1 - level ? `The ${groups.length} groups do not share a slope` : `That the ${groups.length} groups share a slope is not refuted`;
  return [`${verdict}: ${test}${method === "rma" ? " (of the slopes by least squares)" : ""}.`, within];
}

function probability(p: number): string {
  if (p < 1e-300) return "< 1e-300";
  return `= ${p < 1e-4 ? p.toExponential(1) : p.toPrecision(2)}`;
}

function describeOutside({ residuals, level }: SlopeComparison): string {
  const fitted = residuals.filter((point) => point.fitted);
  const outside = fitted.filter((point) => point.outside).length;
  return `${outside === 0 ? "None" : count(outside)} of ${count(fitted.length)} points ${outside === 1 ? "lies" : "lie"} outside the ${percent(level)} prediction bands; about ${(fitted.length * (1 - level)).toFixed(fitted.length < 200 ? 1 : 0)} would by chance.`;
}

function percent(level: number): string {
  return `${Number((100 * level).toPrecision(4))}%`;
}

function residualTable(analysis: SlopeAnalysis, { x, y, residuals }: SlopesFlags): [string[], string[][], number[]] {
  const rows = farthest(analysis, residuals).map((point) => [
    point.name, point.group, short(point.x), short(point.y), short(point.predicted), signed(point.residual, 3), `×${Math.exp(point.residual).toFixed(2)}`,
    signed(point.standardized, 2), [...(point.outside ? ["outside the band"] : []), ...(point.fitted ? [] : ["not fitted"])].join(", "),
  ]);
  return [["point", "group", x, y, "predicted", "residual (ln)", "factor", "deviations", ""], rows, [2, 3, 4, 5, 6, 7]];
}

function short(value: number): string {
  return value >= 1e7 || value < 1e-3 ? value.toExponential(2) : value >= 1e4 ? count(value) : String(Number(value.toPrecision(4)));
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}

function subtitle({ groups, equalSlopes, level }: SlopeComparison): string {
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) {
    return `${count(only.n)} points; slope ${only.slope.toFixed(3)} ± ${only.standardError.toFixed(3)}, R² ${only.r2.toFixed(3)}; band: ${percent(level)} of new points`;
  }
  const test = equalSlopes === null ? "" : `; equal slopes: F(${equalSlopes.df.join(", ")}) = ${equalSlopes.F.toPrecision(4)}, p ${probability(equalSlopes.p)}`;
  return `${groups.length} groups${test}`;
}

async function writeSlopesPage(path: string, file: string, analysis: SlopeAnalysis, flags: SlopesFlags, draw: (theme: ThemeName) => ReturnType<typeof slopesChart>): Promise<void> {
  const { comparison } = analysis;
  const [headings, rows, right] = residualTable(analysis, flags);
  await writePage(path, {
    title: `${flags.y} against ${flags.x}`,
    sections: [
      {
        heading: comparison.groups.length === 1 ? "The line" : "The lines",
        text: [`${describeLaw(file, flags)}.`, [...describeComparison(comparison), describeOutside(comparison)].join(" ")],
        chart: { draw, caption: `Both axes are logarithmic. The points that lie farthest from their lines are named; bands are to cover ${percent(comparison.level)} of new points.` },
        table: { headings: GROUP_HEADINGS, rows: comparison.groups.map(groupRow), right: GROUP_NUMBERS, caption: "Intercepts, scatter and standard errors are in natural logarithms." },
      },
      ...(rows.length === 0 ? [] : [{ heading: "Farthest from the lines", table: { headings, rows, right } }]),
    ],
  });
}
