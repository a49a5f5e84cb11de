import { readTable, type Table, type TableRow } from "../../scaling/table/table.ts";
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

/**
 * Curves of a table with the columns family, examples, correct and total, as `readTable` reads it.
 *
 * @throws ScalingError or AuditError that names file and line
 */
export async function skillCurvesOfTable(file: string): Promise<SkillCurve[]> {
  const table = await readTable(file);
  return curvesOf(table.rows.map((row) => readRow(table, row)));
}

function readRow(table: Table, row: TableRow): FamilyPoint {
  const whole = (name: string): number => {
    const column = table.column(name);
    const value = table.number(row, column);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new AuditError(`${table.place(row, column)} holds ${value}, but a whole number was expected.`);
  };
  const point = { family: table.text(row, table.column("family")), distribution: null, examples: whole("examples"), correct: whole("correct"), total: whole("total") };
  if (point.examples < 1 || point.total < 1 || point.correct > point.total) {
    throw new AuditError(`Line ${row.line} of "${table.source}" tells of ${point.correct} right answers of ${point.total} after ${point.examples} examples; examples and total must be at least 1, and correct at most total.`);
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
