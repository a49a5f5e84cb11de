/** `sweep.csv`: a line for each training that is done, with columns as `decade scale fit` looks for them. */
import type { PlannedTraining } from "./design.ts";
import type { TrainingResult } from "./training-result.ts";

/** A training that is done. */
export interface SweepRow {
  readonly run: string;
  readonly name: string;
  readonly parameters: number;
  readonly total_parameters: number;
  readonly tokens: number;
  readonly unique_tokens: number;
  readonly epochs: number;
  readonly flops: number;
  /** 6 · parameters · tokens. */
  readonly six_nd: number;
  readonly loss: number;
  readonly best_loss: number;
  readonly seconds: number;
  readonly learning_rate: number;
  readonly layers: number;
  readonly width: number;
  readonly steps: number;
  readonly seed: number;
}

/** @param run the training's folder, as the table names it */
export function sweepRow(run: string, { name, size, shape, config }: PlannedTraining, { loss, bestLoss, seconds }: TrainingResult): SweepRow {
  return {
    run, name, parameters: size.parameters, total_parameters: size.totalParameters, tokens: size.tokens, unique_tokens: size.uniqueTokens,
    epochs: size.epochs, flops: size.flops, six_nd: 6 * size.parameters * size.tokens, loss, best_loss: bestLoss, seconds,
    learning_rate: config.training.optimizer.learningRate, layers: shape.layers, width: shape.width, steps: size.steps, seed: config.seed,
  };
}

const COLUMNS = [
  "run", "name", "parameters", "total_parameters", "tokens", "unique_tokens", "epochs", "flops", "six_nd", "loss", "best_loss", "seconds",
  "learning_rate", "layers", "width", "steps", "seed",
] as const satisfies readonly (keyof SweepRow)[];

/** RFC 4180; names and folders have no character that it would have to quote but the comma. */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const cell = (value: string | number): string => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll("\"", "\"\"")}"` : String(value));
  return [COLUMNS.join(","), ...rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","))].map((line) => `${line}\n`).join("");
}
