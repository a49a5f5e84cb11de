/** Points for lines by group, from a table. */
import { ScalingError } from "../scaling-error.ts";
import type { Table, TableRow } from "../table/table.ts";

/** Two quantities measured on one thing, both above zero. */
export interface SlopePoint {
  readonly name: string;
  readonly group: string;
  readonly x: number;
  readonly y: number;
}

/** Which columns hold what. */
export interface SlopeColumns {
  readonly x: string;
  readonly y: string;
  /** Without it all points are one group, named "all". */
  readonly group?: string;
  /** What points are called; unless given, the first column of texts that are all different, or else the line's number. */
  readonly label?: string;
}

/** The points of a table, and how many of its rows were left out since something was not measured. */
export interface SlopePoints {
  readonly points: readonly SlopePoint[];
  readonly skipped: number;
}

/**
 * Points from a table; rows in which x, y or the group is missing are left out and counted.
 *
 * @throws ScalingError when a column is missing, a cell is not a number above zero, or nothing is left
 */
export function slopePoints(table: Table, columns: SlopeColumns): SlopePoints {
  const [x, y] = [table.column(columns.x), table.column(columns.y)];
  const group = columns.group === undefined ? undefined : table.column(columns.group);
  const label = columns.label === undefined ? namingColumn(table, [x, y, group]) : table.column(columns.label);
  const needed = [x, y, ...(group === undefined ? [] : [group])];
  const rows = table.rows.filter((row) => !needed.some((column) => table.isMissing(row, column)));
  if (rows.length === 0) {
    throw new ScalingError(`No row of "${table.source}" has ${needed.map((column) => `"${column}"`).join(" and ")}; each needs a value in the same row.`);
  }
  const points = rows.map((row) => ({
    name: nameOf(table, row, label),
    group: group === undefined ? "all" : table.text(row, group),
    x: table.positive(row, x), y: table.positive(row, y),
  }));
  return { points, skipped: table.rows.length - rows.length };
}

function nameOf(table: Table, row: TableRow, label: string | undefined): string {
  const text = label === undefined ? "" : table.text(row, label);
  return text === "" ? `line ${row.line}` : text;
}

function namingColumn(table: Table, taken: readonly (string | undefined)[]): string | undefined {
  return table.columns.filter((column) => !taken.includes(column)).find((column) => {
    const texts = new Set(table.rows.map((row) => table.text(row, column)));
    return texts.size === table.rows.length && [...texts].some((text) => Number.isNaN(Number(text)));
  });
}
