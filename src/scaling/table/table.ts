/** Tables of measurements: CSV or tab-separated text whose first line names the columns. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { messageOf } from "../../data/data-error.ts";
import { nearest } from "../../train/config/suggest.ts";
import { ScalingError } from "../scaling-error.ts";

/** A row of a table. */
export interface TableRow {
  /** The line of the file on which the row ends, from 1, as editors count. */
  readonly line: number;
  /** The cells by their columns' names, without the space around them. */
  readonly cells: ReadonlyMap<string, string>;
}

/** Cells that stand for "not measured": nothing, and what R, NumPy and pandas write for it. */
const MISSING: ReadonlySet<string> = new Set(["", "NA", "NaN", "nan"]);

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A table whose cells are read by column, with errors that name file, line, column and value. */
export class Table {
  constructor(
    /** The file as errors name it. */
    readonly source: string,
    readonly columns: readonly string[],
    readonly rows: readonly TableRow[],
  ) {}

  /**
   * The first of some names that is a column; upper and lower case are told apart only where both are there.
   *
   * @returns undefined when none is
   */
  find(names: readonly string[]): string | undefined {
    const same = (name: string) => this.columns.find((column) => column.toLowerCase() === name.toLowerCase());
    return names.find((name) => this.columns.includes(name)) ?? names.map(same).find((column) => column !== undefined);
  }

  /**
   * The column of a name.
   *
   * @throws ScalingError when there is none; it lists those that there are
   */
  column(name: string): string {
    const found = this.find([name]);
    if (found !== undefined) return found;
    const near = nearest(name, this.columns);
    const guess = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new ScalingError(`The table "${this.source}" has no column "${name}"; there are ${this.listColumns()}.${guess}`);
  }

  /** The columns' names as an error lists them. */
  listColumns(): string {
    return this.columns.map((name) => `"${name}"`).join(", ");
  }

  /** The text of a cell. */
  text(row: TableRow, column: string): string {
    return row.cells.get(column) ?? "";
  }

  /** Whether a cell says that nothing was measured: it is empty, `NA` or `NaN`. */
  isMissing(row: TableRow, column: string): boolean {
    return MISSING.has(this.text(row, column));
  }

  /**
   * The number in a cell.
   *
   * @throws ScalingError when the cell holds none
   */
  number(row: TableRow, column: string): number {
    const text = this.text(row, column);
    const value = DECIMAL.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value)) throw new ScalingError(`${this.place(row, column)} holds "${text}", but a number was expected.`);
    return value;
  }

  /**
   * The number in a cell whose logarithm will be taken.
   *
   * @throws ScalingError when the cell holds none, or one that is not above zero
   */
  positive(row: TableRow, column: string): number {
    const value = this.number(row, column);
    if (!(value > 0)) {
      throw new ScalingError(`${this.place(row, column)} holds ${this.text(row, column)}, but its logarithm is taken, so a number above 0 was expected; correct the row or leave it out.`);
    }
    return value;
  }

  /** Where a cell stands, to begin an error with. */
  place(row: TableRow, column: string): string {
    return `Line ${row.line} of "${this.source}", column "${column}",`;
  }
}

/**
 * Reads a table. Its cells are separated by tabs where the first line has one, otherwise by commas; quotes are those of
 * RFC 4180. Empty lines are left out.
 *
 * @throws ScalingError when there is no such file, or no table with a header and at least one row in it
 */
export async function readTable(path: string): Promise<Table> {
  if (!existsSync(path)) throw new ScalingError(`There is no file "${path}".`);
  return parseTable(await readFile(path, "utf8"), path);
}

/**
 * A table from its text; see {@link readTable}.
 *
 * @param source what errors call it
 */
export function parseTable(text: string, source: string): Table {
  const [header, ...records] = parseRecords(text, source);
  if (header === undefined) throw new ScalingError(`The file "${source}" is empty; a table whose first line names its columns was expected.`);
  const columns = header.cells;
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) throw new ScalingError(`The table "${source}" has two columns named "${twice}"; rename one.`);
  if (records.length === 0) throw new ScalingError(`The table "${source}" names its columns but has no row below them.`);
  const rows = records.map(({ line, cells }) => {
    if (cells.length !== columns.length) {
      throw new ScalingError(`Line ${line} of "${source}" has another number of cells (${cells.length}) than the first line names columns (${columns.length}).`);
    }
    return { line, cells: new Map(columns.map((name, at) => [name, cells[at] ?? ""])) };
  });
  return new Table(source, columns, rows);
}

interface TextRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

function parseRecords(text: string, source: string): TextRecord[] {
  const records: TextRecord[] = [];
  const firstLine = text.slice(0, text.search(/[\r\n]|$/));
  try {
    parse(text, {
      bom: true, delimiter: firstLine.includes("\t") ? "\t" : ",", relax_column_count: true, skip_empty_lines: true, trim: true,
      on_record: (cells: string[], { lines }) => {
        records.push({ line: lines, cells });
        return null;
      },
    });
  } catch (error) {
    throw new ScalingError(`The table "${source}" cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  return records;
}
