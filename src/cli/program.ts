import { Command } from "commander";
import { packageVersion } from "../train/run/package-version.ts";
import { addAudit } from "./audit.ts";
import { addAverage } from "./average.ts";
import { reportError } from "./errors.ts";
import { addEvaluate } from "./evaluate.ts";
import { addExport } from "./export.ts";
import { addImport } from "./import.ts";
import { addGenerate } from "./generate.ts";
import { addInspect } from "./inspect.ts";
import { addLaunch } from "./launch.ts";
import { processIo, type Io } from "./io.ts";
import { addPlan } from "./plan.ts";
import { addPretrain } from "./pretrain.ts";
import { addProfile } from "./profile.ts";
import { addRescore } from "./rescore.ts";
import { addRuns } from "./runs.ts";
import { addScale } from "./scale.ts";
import { addSchedule } from "./schedule.ts";
import { addScore } from "./score.ts";
import { addScoreText } from "./score-text.ts";
import { addThink } from "./think.ts";
import { addTokenize } from "./tokenize.ts";
import { addTrain } from "./train.ts";
import { addTranslate } from "./translate.ts";

/**
 * Runs a command line and gives its exit code: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C with the work saved.
 *
 * @param args without the program's name: `["train", "captions.config.ts"]`
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    await createProgram(io).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return reportError(error, io);
  }
}

function createProgram(io: Io): Command {
  const program = withOutput(new Command("decade"), io)
    .description("Sequence learning, end to end: train, use and measure models that read one sequence and write another.")
    .enablePositionalOptions() // what follows a command's name belongs to that command, though its parent has an option of the same name
    .version(packageVersion(), "--version", "print the version")
    .showHelpAfterError("(run with --help for what there is)");
  for (const add of [addTrain, addLaunch, addPretrain, addTranslate, addEvaluate, addScore, addScoreText, addRescore, addInspect, addAverage, addRuns, addTokenize, addImport, addExport, addGenerate, addProfile, addSchedule, addPlan, addScale, addThink, addAudit]) add(program, io);
  return program;
}

/** Errors of usage come back as exceptions, and all text goes where `io` says. Commands that are added later inherit it. */
export function withOutput(command: Command, io: Io): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
    outputError: (text, write) => write(text.replace(/^error: /, "decade: ")),
  });
}
