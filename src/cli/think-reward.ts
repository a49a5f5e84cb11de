import { Option, type Command } from "commander";
import { openTask } from "../think/tasks/open-task.ts";
import { rewardKinds, type RewardKind } from "../think/reward/model-reward.ts";
import { trainReward, type TrainedReward } from "../think/reward/train-reward.ts";
import type { ScoreQuality } from "../think/doubt/judged.ts";
import type { RewardReport } from "../think/reward/judge-reward.ts";
import { EXIT, Interruption, UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveInteger, positiveNumber } from "./options.ts";
import { ProgressLine, trainingReporter } from "./progress.ts";
import { describeTasks } from "./think-place.ts";

interface RewardFlags {
  readonly output: string;
  readonly kind: RewardKind;
  readonly problems: number;
  readonly heldOut: number;
  readonly samples: number;
  readonly rollouts: number;
  readonly temperature: number;
  readonly maxTokens?: number;
  readonly checkpoint: string;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

export function addThinkReward(think: Command, io: Io): void {
  think.command("reward")
    .description("train a reward model on a model's attempts, to stand in the verifier's place")
    .argument("<task>", "its name, with options")
    .argument("<run>", "folder of the language model that makes the attempts, from whose weights the reward model begins")
    .requiredOption("--output <folder>", "where the reward model goes")
    .addOption(new Option("--kind <kind>", "whether it judges whole attempts or every step").choices([...rewardKinds]).default("outcome"))
    .option("--problems <count>", "training problems", positiveInteger, 2000)
    .option("--held-out <count>", "validation problems to choose a checkpoint by, and as many test problems to report on", positiveInteger, 200)
    .option("--samples <count>", "attempts at each problem", positiveInteger, 8)
    .option("--rollouts <count>", "label steps by how many of so many continuations end right; 0: by the task's step verifier", nonNegativeInteger, 0)
    .option("--temperature <t>", "of attempts", positiveNumber, 1)
    .option("--max-tokens <count>", "the most tokens of an attempt (default: the task's)", positiveInteger)
    .option("--checkpoint <which>", "of the language model: best, latest, a step, the name of an average, or a folder", "best")
    .option("--epochs <count>", "passes over the attempts", positiveNumber, 2)
    .option("--batch <count>", "attempts in a batch", positiveInteger, 64)
    .option("--learning-rate <rate>", "at its peak", positiveNumber, 3e-4)
    .option("--seed <number>", "of problems, draws and batches", nonNegativeInteger, 1)
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .option("--resume", "go on from the newest checkpoint")
    .option("--overwrite", "replace what is in the folder")
    .addOption(jsonOption())
    .addHelpText("after", () => `${describeTasks()}\n\nCtrl-C saves a checkpoint and exits with code 130; a second Ctrl-C exits at once.`)
    .action((task: string, run: string, flags: RewardFlags) => runReward(task, run, flags, io));
}

async function runReward(name: string, run: string, flags: RewardFlags, io: Io): Promise<void> {
  const { output, kind, problems, heldOut, samples, rollouts, temperature, maxTokens, checkpoint, epochs, batch, learningRate, seed, threads, resume = false, overwrite = false } = flags;
  if (resume && overwrite) throw new UsageError("--resume and --overwrite cannot be given together; choose one.");
  if (rollouts > 0 && kind === "outcome") throw new UsageError("--rollouts are for the labels of steps; give --kind process with it, or leave it out.");
  const task = openTask(name);
  const line = new ProgressLine(io);
  const reporter = trainingReporter(io);
  const trained = await interruptible(async (signal) => {
    try {
      return await trainReward({
        task, run, output, judges: kind, data: { checkpoint, problems, heldOut, samples, rollouts, temperature, maxTokens }, training: { epochs, batch, learningRate },
        seed, threads, resume, overwrite, signal, onEvent: reporter.onEvent,
        onProgress: (what, done, of) => line.update(() => `${what}: ${count(done)} of ${count(of)}`),
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      return undefined;
    }
  }, {
    exitCode: EXIT.interrupted,
    onInterrupt: () => io.err("Stopping; press Ctrl-C again to exit at once.\n"),
  }).finally(() => [line, reporter].forEach((each) => each.close()));
  if (trained?.report === undefined) {
    const kept = trained === undefined ? "while attempts were drawn, which are to be drawn anew" : `after step ${trained.step}, which is saved`;
    io.err(`Stopped ${kept}. Go on with the same command and --resume.\n`);
    throw new Interruption("The training was stopped.");
  }
  const { report, directory, step } = trained;
  printResult(io, flags.json, { ...report, kind, directory, step }, () => describe(name, run, trained, report));
}

function describe(task: string, run: string, { directory, step }: TrainedReward, report: RewardReport): string {
  const { attempts, accuracy, reward, steps, likelihood, likelihoodPerToken } = report;
  const row = (name: string, { auroc, ece }: ScoreQuality): string[] => [name, auroc?.toFixed(3) ?? "-", ece?.toFixed(3) ?? "-"];
  const rewards = Object.entries(reward).map(([how, quality]) => row(Object.keys(reward).length === 1 ? "reward" : `reward, ${how} of the steps`, quality));
  return [
    `The reward model of step ${step} is in ${directory}.`,
    `Of ${count(attempts)} attempts at test problems, ${(100 * accuracy).toFixed(1)}% are right.`, "",
    table(["right from wrong by", "AUROC", "ECE"], [...rewards, row("likelihood per token", likelihoodPerToken), row("likelihood", likelihood)], [1, 2]),
    ...(steps === undefined ? [] : ["", `Of their ${count(steps.count)} steps before the last: AUROC ${steps.auroc?.toFixed(3) ?? "-"}.`]), "",
    "What to run next:",
    `  npx decade think ${task} ${run} --strategy weighted-vote --reward ${directory}`,
  ].join("\n");
}
