import { readLines } from "../../data/text-file.ts";
import { AuditError } from "../audit-error.ts";
import type { GeneralizationColumn } from "./examine.ts";
import type { Distribution } from "./exam.ts";
import { fitSkill, skillBand, type BandPoint, type FittedSkill, type SkillPoint } from "./skill-fit.ts";

/** Accuracy against the number of training examples, of models of one family. */
export interface SkillCurve extends FittedSkill {
  readonly family: string;
  /** Of what; `null` where a table does not say. */
  readonly distribution: Distribution | null;
  /** From few examples to many. */
  readonly points: readonly SkillPoint[];
  /** The fitted curve with its 95% band; none without a fit. */
  readonly band: readonly BandPoint[];
}

interface FamilyPoint extends SkillPoint {
  readonly family: string;
  readonly distribution: Distribution | null;
}

const COLUMNS = ["family", "examples", "correct", "total"] as const;

/** Curves of columns that differ in what they were trained on. @throws AuditError where a run does not tell */
export async function skillCurves(columns: readonly GeneralizationColumn[]): Promise<SkillCurve[]> {
  return curvesOf(columns.flatMap(({ family, strategy, run, examples, inDistribution, outOfDistribution }): FamilyPoint[] => {
    if (examples === null) throw new AuditError(`${run} does not tell how many examples it was trained on; give a table with the columns ${COLUMNS.join(",")} by --table.`);
    const named = strategy === "greedy" ? family : `${family}, ${strategy}`;
    return ([["in", inDistribution], ["out", outOfDistribution]] as const).flatMap(([distribution, share]) => (
      share === null ? [] : [{ family: named, distribution, examples, correct: share.correct, total: share.total }]));
  }));
}

/** Curves of a table: CSV whose first line names the columns family, examples, correct and total. @throws AuditError that names file and line */
export async function skillCurvesOfTable(file: string): Promise<SkillCurve[]> {
  const [heading = "", ...rows] = (await readLines(file)).filter((line) => line.trim() !== "");
  const names = heading.split(",").map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new AuditError(`${file} has no column ${missing.join(", ")} in its first line; it must name ${COLUMNS.join(",")}.`);
  if (rows.length === 0) throw new AuditError(`${file} has no line below its heading; give one for each model that was measured.`);
  return curvesOf(rows.map((row, at) => readRow(row, names, `${file}, line ${at + 2},`)));
}

function readRow(row: string, names: readonly string[], place: string): FamilyPoint {
  const cells = row.split(",").map((cell) => cell.trim());
  const cell = (name: string): string => cells[names.indexOf(name)] ?? "";
  if (cells.length !== names.length) throw new AuditError(`${place} has ${cells.length} cells, but the first line has ${names.length}.`);
  const number = (name: string): number => {
    if (/^\d+$/.test(cell(name))) return Number(cell(name));
    throw new AuditError(`${place} has "${cell(name)}" as ${name}, where a whole number was expected.`);
  };
  const point = { family: cell("family"), distribution: null, examples: number("examples"), correct: number("correct"), total: number("total") };
  if (point.examples < 1 || point.total < 1 || point.correct > point.total) {
    throw new AuditError(`${place} tells of ${point.correct} right answers of ${point.total} after ${point.examples} examples; examples and total must be at least 1, and correct at most total.`);
  }
  return point;
}

async function curvesOf(points: readonly FamilyPoint[]): Promise<SkillCurve[]> {
  const curves = new Map<string, FamilyPoint[]>();
  for (const point of points) {
    const key = `${point.distribution ?? ""} ${point.family}`;
    curves.set(key, [...curves.get(key) ?? [], point]);
  }
  return Promise.all([...curves.values()].map(async (own): Promise<SkillCurve> => {
    const sorted = own.map(({ examples, correct, total }) => ({ examples, correct, total })).sort((a, b) => a.examples - b.examples);
    const fitted = await fitSkill(sorted);
    return {
      family: own[0]?.family ?? "", distribution: own[0]?.distribution ?? null, ...fitted, points: sorted,
      band: fitted.fit === null ? [] : skillBand(fitted.fit, sorted),
    };
  }));
}
