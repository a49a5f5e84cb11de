/** Trainings for laws of growth, from a table: what each had and which loss it reached. */
import type { Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import { readTable, type Table, type TableRow } from "./table.ts";

/** A training and the line of the file that tells of it. */
export interface TableObservation extends Observation {
  readonly line: number;
}

/** Which column holds what, where the table does not use one of the usual names. */
export type ObservationColumns = Partial<Readonly<Record<Quantity, string>>>;

type Quantity = keyof typeof USUAL_NAMES;

/** The names under which a quantity is found when no column is named; their case does not matter. */
const USUAL_NAMES = {
  parameters: ["parameters", "params", "N"],
  tokens: ["tokens", "D"],
  loss: ["loss"],
  flops: ["flops", "C"],
  uniqueTokens: ["unique_tokens", "uniqueTokens", "U"],
  name: ["name", "run"],
} as const satisfies Record<string, readonly string[]>;

/**
 * Reads trainings from a table: N, D and the loss, and where the table has them C, U and the training's name.
 *
 * @example
 * const runs = await readObservations("runs.csv", { parameters: "Model Size", tokens: "Training Tokens" });
 * @param columns the columns' names; one that is not given is looked for under its usual names: `parameters`, `params`
 *   or `N`; `tokens` or `D`; `loss`; `flops` or `C`; `unique_tokens` or `U`; `name` or `run`
 * @returns a training for each row, in their order; a missing cell of `flops` or `unique_tokens` leaves that out
 * @throws ScalingError when the file, a column or a cell is not as expected; it names line, column and value
 */
export async function readObservations(path: string, columns: ObservationColumns = {}): Promise<TableObservation[]> {
  return observationsOf(await readTable(path), columns);
}

/** Trainings from a table that is read already; see {@link readObservations}. */
export function observationsOf(table: Table, columns: ObservationColumns = {}): TableObservation[] {
  const parameters = required(table, "parameters", columns);
  const tokens = required(table, "tokens", columns);
  const loss = required(table, "loss", columns);
  const flops = optional(table, "flops", columns);
  const uniqueTokens = optional(table, "uniqueTokens", columns);
  const name = optional(table, "name", columns);
  const isMeasured = (row: TableRow, column: string | undefined): column is string => column !== undefined && !table.isMissing(row, column);
  return table.rows.map((row) => ({
    ...(isMeasured(row, name) && { name: table.text(row, name) }),
    parameters: table.positive(row, parameters),
    tokens: table.positive(row, tokens),
    ...(isMeasured(row, uniqueTokens) && { uniqueTokens: table.positive(row, uniqueTokens) }),
    ...(isMeasured(row, flops) && { flops: table.positive(row, flops) }),
    loss: table.positive(row, loss),
    line: row.line,
  }));
}

function optional(table: Table, quantity: Quantity, columns: ObservationColumns): string | undefined {
  const named = columns[quantity];
  return named === undefined ? table.find(USUAL_NAMES[quantity]) : table.column(named);
}

function required(table: Table, quantity: Quantity, columns: ObservationColumns): string {
  const column = optional(table, quantity, columns);
  if (column !== undefined) return column;
  const looked = USUAL_NAMES[quantity].map((name) => `"${name}"`).join(", ");
  throw new ScalingError(`The table "${table.source}" has no column of the usual names for ${quantity} (${looked}); there are ${table.listColumns()}: say which of them it is.`);
}
