import { writeFile } from "node:fs/promises";
import { InvalidArgumentError, Option, type Command } from "commander";
import { check, type CheckedAnswer, type CheckReport } from "../think/doubt/check.ts";
import { strategies, type StrategyName } from "../think/strategies/strategies.ts";
import { openTask } from "../think/tasks/open-task.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { number, positiveInteger } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { addProblemOptions, describeTasks, MODEL_ARGUMENT, openSampler, type ProblemFlags } from "./think-place.ts";

interface CheckFlags extends ProblemFlags {
  readonly samples: number;
  readonly threshold: number;
  readonly revise?: boolean;
  readonly reviseStrategy?: StrategyName;
  readonly reviseSamples?: number;
  readonly output?: string;
}

export function addThinkCheck(think: Command, io: Io): void {
  const command = think.command("check")
    .description("tell which greedy answers are likely to be wrong, and how well that can be told")
    .argument("<task>", "its name, with options")
    .argument("<run>", MODEL_ARGUMENT)
    .option("--samples <count>", "of each problem, beside the greedy answer", positiveInteger, 10)
    .option("--threshold <share>", "answers with which fewer of the samples agree are flagged", share, 0.5)
    .option("--revise", "find flagged answers anew, and tell what that corrected and what it broke")
    .addOption(new Option("--revise-strategy <name>", "how (default: majority-vote)").choices(Object.keys(strategies)))
    .option("--revise-samples <count>", "attempts at each of them (default: four times --samples)", positiveInteger)
    .option("--output <file>", "write every problem with its answer and doubts, as JSON lines");
  addProblemOptions(command).addHelpText("after", describeTasks).action((task: string, run: string, flags: CheckFlags) => runCheck(task, run, flags, io));
}

async function runCheck(name: string, run: string, flags: CheckFlags, io: Io): Promise<void> {
  const { revise, reviseStrategy, reviseSamples, samples, threshold, seed, temperature, maxTokens } = flags;
  if (revise !== true && (reviseStrategy ?? reviseSamples) !== undefined) throw new UsageError("--revise-strategy and --revise-samples are about --revise; add it, or leave them out.");
  const task = openTask(name);
  const problems = await task.problems(flags.split, { seed, count: flags.problems });
  const sampler = await openSampler(run, flags);
  const line = new ProgressLine(io);
  try {
    const { report, answers } = await check(task, problems, sampler, {
      samples, threshold, seed, settings: { temperature, ...(maxTokens !== undefined && { maxTokens }) },
      ...(revise === true && { revise: { strategy: reviseStrategy ?? "majority-vote", samples: reviseSamples ?? 4 * samples } }),
      onProgress: (what, done, of) => line.update(() => `${what}: ${count(done)} of ${count(of)} problems`),
    });
    line.close();
    if (flags.output !== undefined) await writeFile(flags.output, answers.map((answer) => `${JSON.stringify(record(answer))}\n`).join(""));
    printResult(io, flags.json, report, () => describe(report));
  } finally {
    line.close();
    await sampler.dispose();
  }
}

function share(text: string): number {
  const value = number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("Expected a share from 0 to 1.");
  return value;
}

function record({ problem, greedy, doubts, flagged, revised }: CheckedAnswer): object {
  const plain = ({ text, verdict }: CheckedAnswer["greedy"]) => ({ text, ...verdict });
  return { key: problem.key, prompt: problem.prompt, greedy: plain(greedy), ...doubts, flagged, ...(revised && { revised: plain(revised) }) };
}

const NAMES = {
  semanticEntropy: "semantic entropy", weightedSemanticEntropy: "semantic entropy, weighted by likelihood", selfConsistency: "self-consistency",
  meanLogProbability: "likelihood per token", logProbability: "likelihood",
} as const satisfies Record<keyof CheckReport["aurocs"], string>;

function describe({ accuracy, problems, aurocs, undefinedBecause, ece, flagged, flaggedWrong, revision }: CheckReport): string {
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  const rows = Object.entries(NAMES).map(([score, name]) => [name, aurocs[score as keyof typeof NAMES]?.toFixed(3) ?? "-"]);
  return [
    `${percent(accuracy)} of ${count(problems)} greedy answers are right.`, "",
    undefinedBecause === undefined ? table(["right from wrong by", "AUROC"], rows, [1]) : `AUROC is not defined: ${undefinedBecause}.`, "",
    `Self-consistency as a probability is off by ${ece.toFixed(3)} on average (ECE).`,
    `${count(flagged)} answers are flagged, of which ${count(flaggedWrong)} are wrong.`,
    ...(revision === undefined ? [] : [`Found anew by ${revision.strategy}: ${count(revision.corrected)} corrected, ${count(revision.broken)} broken; ${percent(revision.accuracy)} are right now.`]),
  ].join("\n");
}
