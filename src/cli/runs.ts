import type { Command } from "commander";
import { listRuns, type RunSummary } from "../train/run/list-runs.ts";
import { table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption } from "./options.ts";

export function addRuns(program: Command, io: Io): void {
  program.command("runs")
    .description("list the runs in a folder")
    .argument("[directory]", "the folder", "runs")
    .addOption(jsonOption())
    .action(async (directory: string, { json }: { readonly json?: boolean }) => {
      const runs = await listRuns(directory);
      printResult(io, json, { runs }, () => describe(runs, directory));
    });
}

function describe(runs: readonly RunSummary[], directory: string): string {
  if (runs.length === 0) return `There are no runs in ${directory}.`;
  return table(
    ["name", "step", "epoch", "loss", "validation", "best at", "checkpoint", ""],
    runs.map(({ name, step, epoch, loss, bestStep, checkpoint, problem, ...validation }) => [
      name, String(step), cell(epoch, 2), cell(loss, 3), bestOf(validation), cell(bestStep, 0), cell(checkpoint, 0), problem ?? "",
    ]),
    [1, 2, 3, 4, 5, 6],
  );
}

function cell(value: number | undefined, digits: number): string {
  return value?.toFixed(digits) ?? "-";
}

/** The best validation, in what it is measured by. */
function bestOf({ validationLoss, validationBleu, validationAccuracy }: Pick<RunSummary, "validationLoss" | "validationBleu" | "validationAccuracy">): string {
  if (validationBleu !== undefined) return `${validationBleu.toFixed(2)} BLEU`;
  return validationAccuracy === undefined ? cell(validationLoss, 3) : `${(100 * validationAccuracy).toFixed(1)}% right`;
}
