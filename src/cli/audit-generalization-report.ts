/** How `decade audit generalization` shows what it found, as text and as a page. */
import type { GeneralizationColumn } from "../audit/generalization/examine.ts";
import type { Distribution } from "../audit/generalization/exam.ts";
import { distanceChart, distanceMeasures, distributionChart, skillChart } from "../audit/generalization/generalization-charts.ts";
import type { SkillCurve } from "../audit/generalization/skill-curves.ts";
import type { DistanceShare, Share } from "../audit/generalization/tally.ts";
import type { Page, PageSection, PageTable } from "../plot/page.ts";
import { count, table } from "./format.ts";

export function describeColumns(columns: readonly GeneralizationColumn[]): string {
  const { headings, rows, right } = distanceTable(columns);
  return [
    "Right answers in per cent, with 95% intervals:", table(headings, rows, right), "",
    ...columns.map(describeColumn),
  ].join("\n");
}

function describeColumn({ name, trainedOn, examples, seen, tokens }: GeneralizationColumn): string {
  const learned = examples === null ? "" : `, ${count(examples)} examples`;
  const left = seen === 0 ? "" : ` ${count(seen)} problems that it has learned from were left out.`;
  return `${name}: trained on ${trainedOn}${learned}; ${tokens.toFixed(1)} tokens written for a problem.${left}`;
}

/** A row for each distance, a column for each run. */
function distanceTable(columns: readonly GeneralizationColumn[]): Required<Pick<PageTable, "headings" | "rows" | "right">> {
  const rows = [
    ...(["in", "out"] as const).map((distribution): Row => ({ title: distribution === "in" ? "in-distribution" : "out-of-distribution", shares: columns.map((column) => overall(column, distribution)) })),
    ...(["in", "out"] as const).flatMap((distribution) => groupRows(columns, distribution)),
  ].filter(({ shares }) => shares.some((share) => share !== undefined));
  return {
    headings: ["", "asked", ...columns.map(({ name }) => name)],
    rows: rows.map(({ title, shares }) => [title, asked(shares), ...shares.map((share) => (share === undefined ? "" : percents(share)))]),
    right: [1, ...columns.map((_, at) => at + 2)],
  };
}

/** Of rows within a group: two blanks that a page shows too. */
const INDENT = "\u00a0\u00a0";

interface Row {
  readonly title: string;
  readonly shares: readonly (Share | undefined)[];
}

function overall({ inDistribution, outOfDistribution }: GeneralizationColumn, distribution: Distribution): Share | undefined {
  return (distribution === "in" ? inDistribution : outOfDistribution) ?? undefined;
}

function groupRows(columns: readonly GeneralizationColumn[], distribution: Distribution): Row[] {
  const groupsOf = ({ groups }: GeneralizationColumn) => groups.filter((group) => group.distribution === distribution);
  return different(columns.flatMap(groupsOf)).flatMap((group): Row[] => {
    const own = columns.map((column) => groupsOf(column).find((each) => isSame(each, group)));
    const finer = different(own.flatMap((each) => each?.finer ?? [])).filter(({ by }, _, all) => all.filter((other) => other.by === by).length > 1);
    return [
      { title: `${distribution}: ${titleOf(group)}`, shares: own },
      ...finer.map((each): Row => ({ title: `${INDENT}${titleOf(each)}`, shares: own.map((share) => share?.finer.find((part) => isSame(part, each))) })),
    ];
  });
}

/** A label says what it is about, unless it is a number. */
function titleOf({ by, label }: DistanceShare): string {
  return /^\d/.test(label) ? `${by} ${label}` : label;
}

function different<D extends DistanceShare>(shares: readonly D[]): D[] {
  return [...new Map(shares.map((share) => [`${share.by} ${share.label}`, share])).values()].sort((a, b) => (a.by === b.by ? a.order - b.order : a.by < b.by ? -1 : 1));
}

function isSame(one: DistanceShare, other: DistanceShare): boolean {
  return one.by === other.by && one.label === other.label;
}

function asked(shares: readonly (Share | undefined)[]): string {
  const totals = shares.flatMap((share) => share?.total ?? []);
  const [least, most] = [Math.min(...totals), Math.max(...totals)];
  return least === most ? count(most) : `${count(least)} to ${count(most)}`;
}

function percents({ accuracy, interval: { lower, upper } }: Share): string {
  return `${percent(accuracy)} (${percent(lower)} to ${percent(upper)})`;
}

/** With one decimal, or the first digit that is not 0, so that an interval above 0 does not look like none. */
function percent(share: number): string {
  const value = 100 * share;
  return value > 1e-9 && value < 0.05 ? value.toPrecision(1) : value.toFixed(1);
}

export function describeSkills(curves: readonly SkillCurve[]): string {
  const { headings, rows, right } = skillTable(curves);
  return [table(headings, rows, right), ...skillNotes(curves)].join("\n");
}

function skillTable(curves: readonly SkillCurve[]): Required<Pick<PageTable, "headings" | "rows" | "right">> {
  return {
    headings: ["family", "distribution", "models", "accuracy", "half right after", "95% interval", "slope", "± standard error", "dispersion"],
    rows: curves.map(({ family, distribution, points, fit }) => [
      family, distribution ?? "", String(points.length), points.map(({ correct, total }) => (100 * correct / total).toFixed(1)).join(" "),
      fit?.half ? `${count(fit.half.examples)} examples` : "?", fit?.half ? `${count(fit.half.lower)} to ${count(fit.half.upper)}` : "?",
      fit === null ? "?" : fit.slope.toFixed(3), fit === null ? "?" : Math.sqrt(fit.covariance.slope).toFixed(3), fit === null ? "?" : fit.dispersion.toFixed(2),
    ]),
    right: [2, 4, 6, 7, 8],
  };
}

/** What the table leaves open, and why. */
function skillNotes(curves: readonly SkillCurve[]): string[] {
  return curves.flatMap(({ family, distribution, points, fit, reason }) => {
    const name = `${family}${distribution === null ? "" : ` (${distribution}-distribution)`}`;
    if (fit === null) return [`No curve is fitted for ${name}: ${reason ?? "its points allow none"}.`];
    return fit.half === null ? [`After how many examples half is right is not told for ${name}: of ${points.length} models, the slope is not surely above 0.`] : [];
  });
}

export function generalizationPage(task: string, columns: readonly GeneralizationColumn[], skills: readonly SkillCurve[] | undefined): Page {
  const measured: PageSection[] = columns.length === 0 ? [] : [
    {
      heading: "Near to training and far from it", text: columns.map(describeColumn),
      chart: { draw: (theme) => distributionChart(columns, { theme }), caption: "With 95% intervals." },
      table: { ...distanceTable(columns), caption: "Right answers in per cent, with 95% intervals." },
    },
    ...distanceMeasures(columns).map((measure): PageSection => ({
      heading: `By ${measure}`, chart: { draw: (theme) => distanceChart(columns, measure, { theme }), caption: "Bars are 95% intervals." },
    })),
  ];
  const learned: PageSection[] = skills === undefined ? [] : [{
    heading: "How much data a skill needs", text: skillNotes(skills),
    chart: { draw: (theme) => skillChart(skills, { theme }), caption: "Logistic curves in the logarithm of the number of examples, fitted by binomial likelihood, with 95% bands." },
    table: skillTable(skills),
  }];
  return { title: `Generalisation: ${task}`, sections: [...measured, ...learned] };
}
