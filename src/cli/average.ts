import type { Command } from "commander";
import { averageRun } from "../train/run/average-run.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger } from "./options.ts";

interface AverageFlags {
  readonly last?: number;
  readonly json?: boolean;
}

export function addAverage(program: Command, io: Io): void {
  program.command("average")
    .description("write the mean of a run's newest checkpoints, to be used with --checkpoint")
    .argument("<run>", "folder of a trained run")
    .option("--last <count>", "how many checkpoints (default: all that the run keeps)", positiveInteger)
    .addOption(jsonOption())
    .action((run: string, flags: AverageFlags) => runAverage(run, flags, io));
}

async function runAverage(run: string, { last, json }: AverageFlags, io: Io): Promise<void> {
  const average = await averageRun(run, last);
  printResult(io, json, average, () => (
    `Averaged the steps ${average.steps.join(", ")} into ${average.path}; use it with --checkpoint ${average.name}.`));
}
