import type { Command } from "commander";
import { loadTrainable } from "../train/config/load.ts";
import type { RunConfig } from "../train/config/config.ts";
import { isGrpoConfig } from "../train/config/grpo.ts";
import { isPhraseRunConfig } from "../train/config/phrase.ts";
import { isTextRunConfig, type TextRunConfig } from "../train/config/text.ts";
import { pretrain } from "../train/pretrain.ts";
import { train } from "../train/train.ts";
import type { Team } from "../train/team.ts";
import type { TrainedRun, TrainOptions } from "../train/train-task.ts";
import { EXIT, Interruption, UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger, setOption } from "./options.ts";
import { showDryRun } from "./dry-run.ts";
import { trainingReporter } from "./progress.ts";
import { together } from "./together.ts";
import { trainFromRewards } from "./train-grpo.ts";
import { trainPhrases } from "./train-phrases.ts";

interface TrainFlags {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly set: readonly string[];
  readonly name?: string;
  readonly threads?: number;
  readonly dryRun?: boolean;
  readonly processes?: number;
  readonly json?: boolean;
}

export function addTrain(program: Command, io: Io): void {
  program.command("train")
    .description("train what a configuration describes, into runs/<name>")
    .argument("<config>", "configuration: a .ts, .js or .json file")
    .option("--resume", "go on from the newest checkpoint")
    .option("--overwrite", "replace a run of the same name")
    .addOption(setOption())
    .option("--name <name>", "name of the run, in place of the configuration's")
    .option("--threads <count>", "threads of one operation, in place of the configuration's", positiveInteger)
    .option("--dry-run", "lay the training out, say what each process would hold, and train nothing")
    .option("--processes <count>", "with --dry-run: as many as mpirun would start", positiveInteger)
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint and exits with code 130; a second Ctrl-C exits at once.")
    .action((config: string, flags: TrainFlags) => runTrain(config, flags, io));
}

/** What is set in place of a configuration's fields. */
export function overridesOf({ set, name, threads }: Pick<TrainFlags, "set" | "name" | "threads">): string[] {
  return [
    ...set, ...(name === undefined ? [] : [`name=${JSON.stringify(name)}`]), ...(threads === undefined ? [] : [`engine.threads=${threads}`]),
  ];
}

async function runTrain(file: string, flags: TrainFlags, io: Io): Promise<void> {
  if (flags.resume && flags.overwrite) throw new UsageError("--resume and --overwrite cannot be given together; choose one.");
  const config = await loadTrainable(file, overridesOf(flags));
  if (isPhraseRunConfig(config)) {
    if (flags.dryRun === true || flags.processes !== undefined) throw new UsageError("--dry-run and --processes lay out a network; a phrase-based translator is trained in one process.");
    return trainPhrases(config, flags, io);
  }
  if (isGrpoConfig(config)) {
    if (flags.dryRun === true || flags.processes !== undefined) throw new UsageError("--dry-run and --processes lay out a training on data; a model learns from rewards in one process.");
    return trainFromRewards(config, flags, io);
  }
  if (flags.dryRun === true) return showDryRun(config, flags, io);
  if (flags.processes !== undefined) throw new UsageError("--processes goes with --dry-run; start a training of several by decade launch, or mpirun -n.");
  await together(io, async (team, own) => {
    const run = await trainWith(config, flags, own, team);
    printResult(own, flags.json, run, () => describeRun(run));
  });
}

/** Trains with progress shown. @throws Interruption where it was stopped before its end */
export async function trainWith(
  config: RunConfig | TextRunConfig, { resume = false, overwrite = false, json }: Pick<TrainFlags, "resume" | "overwrite" | "json">, io: Io, team?: Team,
): Promise<TrainedRun> {
  const reporter = trainingReporter(io);
  const run = await interruptible(
    (signal) => {
      const options: TrainOptions = { resume, overwrite, signal, onEvent: reporter.onEvent, ...(team && { team }) };
      return isTextRunConfig(config) ? pretrain(config, options) : train(config, options);
    },
    {
      exitCode: EXIT.interrupted,
      onInterrupt: () => {
        reporter.close();
        io.err("Saving a checkpoint; press Ctrl-C again to exit at once.\n");
      },
    },
  ).finally(() => reporter.close());
  if (run.reason !== "interrupted") return run;
  printResult(io, json, run, () => describeRun(run));
  io.err(`Stopped after step ${run.step}, which is saved. Go on with the same command and --resume.\n`);
  throw new Interruption("The training was stopped.");
}

export function describeRun({ directory, reason, step, best, whole, tokensPerSecond }: TrainedRun): string {
  const how = { finished: "Finished", "no improvement": "Stopped, for validation no longer improved,", interrupted: "Interrupted" }[reason];
  const speed = Number.isFinite(tokensPerSecond) && tokensPerSecond > 0 ? ` (${count(tokensPerSecond)} tokens/s)` : "";
  const judged = best === undefined ? "" : `\nBest validation: ${best.loss.toFixed(4)} nats a token at step ${best.step}.`;
  const last = whole === undefined || whole.loss === best?.loss ? "" : `\nOn all that was held out: ${whole.loss.toFixed(4)} nats a token at step ${whole.step}.`;
  return `${how} at step ${step}${speed}. The run is in ${directory}.${judged}${last}`;
}
