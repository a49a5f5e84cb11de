import { appendFile, writeFile } from "node:fs/promises";
import { InvalidArgumentError, Option, type Command } from "commander";
import { parseBudget, type Budget } from "../think/strategies/budget.ts";
import { strategies, type StrategyName } from "../think/strategies/strategies.ts";
import { openTask } from "../think/tasks/open-task.ts";
import type { Task } from "../think/tasks/task.ts";
import { DEFAULT_SETTINGS, think, type SolvedProblem, type Thought } from "../think/think.ts";
import { count, duration } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { ProgressLine } from "./progress.ts";
import { addThinkCheck } from "./think-check.ts";
import { addThinkCurve } from "./think-curve.ts";
import { addThinkData } from "./think-data.ts";
import { addThinkReward } from "./think-reward.ts";
import { addThinkStar } from "./think-star.ts";
import { addJudgeOptions, addProblemOptions, describeTasks, failIfStopped, judgeSettings, MODEL_ARGUMENT, openJudge, openSampler, type JudgeFlags, type ProblemFlags } from "./think-place.ts";

interface ThinkFlags extends ProblemFlags, JudgeFlags {
  readonly strategy: StrategyName;
  readonly budget?: Budget;
  readonly samples: number;
  readonly beam: number;
  readonly width: number;
  readonly wait: string;
  readonly waits: number;
  readonly answerCue: string;
  readonly output?: string;
}

/** `decade think`: a model on a task, and the commands about it, each in a file of its own. */
export function addThink(program: Command, io: Io): void {
  const command = program.command("think")
    .description("let a model think longer on problems whose answers can be checked")
    .argument("<task>", "its name, with options: addition, countdown:numbers=4, …")
    .argument("<run>", MODEL_ARGUMENT)
    .addOption(new Option("--strategy <name>", "how compute is spent").choices(Object.keys(strategies)).default("greedy"))
    .option("--budget <amount>", "of each problem: 4096 or 4096tokens, 2e9flops, 1.5seconds", budget)
    .option("--samples <count>", "the most attempts at a problem", positiveInteger, DEFAULT_SETTINGS.samples)
    .option("--beam <count>", "partial solutions that searches over steps keep", positiveInteger, DEFAULT_SETTINGS.beam)
    .option("--width <count>", "continuations that they draw from each", positiveInteger, DEFAULT_SETTINGS.width)
    .option("--wait <text>", "what budget forcing writes in place of an end", DEFAULT_SETTINGS.wait)
    .option("--waits <count>", "how often it does so", positiveInteger, DEFAULT_SETTINGS.waits)
    .option("--answer-cue <text>", "what it writes where a text is cut off before its answer", DEFAULT_SETTINGS.answerCue)
    .option("--output <file>", "write every problem with its attempts, as JSON lines");
  addProblemOptions(addJudgeOptions(command))
    .addHelpText("after", () => `${describeStrategies()}\n${describeTasks()}`)
    .action((task: string, run: string, flags: ThinkFlags) => runThink(task, run, flags, io));
  for (const add of [addThinkData, addThinkStar, addThinkReward, addThinkCurve, addThinkCheck]) add(command, io);
}

async function runThink(name: string, run: string, flags: ThinkFlags, io: Io): Promise<void> {
  await prepareOutputs(flags.output);
  const task = openTask(name);
  const problems = await task.problems(flags.split, { seed: flags.seed, count: flags.problems });
  const sampler = await openSampler(run, flags);
  const reward = await openJudge(flags, task, sampler);
  const line = new ProgressLine(io);
  if (flags.output !== undefined) await writeFile(flags.output, "");
  try {
    const thought = await think(task, problems, sampler, {
      ...flags, reward, settings: settingsOf(flags),
      onSolved: async (solved, done) => {
        line.update(() => `${count(done)} of ${count(problems.length)} problems`);
        if (flags.output !== undefined) await appendFile(flags.output, `${JSON.stringify(record(solved))}\n`);
      },
    });
    line.close();
    printResult(io, flags.json, thought.report, () => describe(task, flags, thought));
    tellTroubles(task, flags, thought, io);
  } finally {
    line.close();
    await reward?.dispose();
    await sampler.dispose();
  }
}

function settingsOf({ samples, temperature, maxTokens, beam, width, wait, waits, answerCue, ...judge }: ThinkFlags) {
  return { samples, temperature, beam, width, wait, waits, answerCue, ...judgeSettings(judge), ...(maxTokens !== undefined && { maxTokens }) };
}

function budget(text: string): Budget {
  const parsed = parseBudget(text);
  if (parsed === undefined) throw new InvalidArgumentError("Expected a number above 0, with tokens, flops or seconds after it, such as 4096tokens.");
  return parsed;
}

function record({ problem, chosen, attempts, usage }: SolvedProblem): object {
  const plain = ({ text, verdict, meanLogProbability }: SolvedProblem["chosen"]) => ({ text, ...verdict, meanLogProbability });
  return { key: problem.key, prompt: problem.prompt, chosen: plain(chosen), attempts: attempts.map(plain), usage };
}

function describe(task: Task, { strategy, split }: ThinkFlags, { report }: Thought): string {
  const { accuracy, interval, problems, tokens, flops, seconds, attempts, unparseable } = report;
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  return [
    `${task.name}, ${strategy}: ${percent(accuracy)} of ${count(problems)} ${split} problems (95% interval ${interval.map(percent).join(" to ")}).`,
    `${count(attempts)} attempts, ${count(tokens)} tokens written${flops === null ? "" : `, ${flops.toPrecision(3)} FLOPs`}, ${duration(seconds)}.`,
    ...(unparseable === 0 ? [] : [`No answer could be read in ${count(unparseable)} attempts.`]),
  ].join("\n");
}

/** What the figures do not show. */
function tellTroubles(task: Task, flags: ThinkFlags, { failures, stopped }: Thought, io: Io): void {
  if (asksVerifier(flags) && task.verifiedBy === "reference") {
    io.err(`decade: ${task.name} is verified by the known answers, so that this tells what ${flags.strategy} could reach, not what a user without them would get.\n`);
  }
  if (failures.first !== undefined) {
    io.err(`decade: The verifier failed ${count(failures.thrown + failures.late)} times, and each time the answer counted as wrong; the first time it ${failures.first}.\n`);
  }
  failIfStopped(stopped, io);
}

function asksVerifier({ strategy, reward, criticism }: ThinkFlags): boolean {
  return strategies[strategy].verifies && reward === undefined && !(strategy === "revision" && criticism === "own");
}

function describeStrategies(): string {
  return ["", "Strategies:", ...Object.entries(strategies).map(([name, { description }]) => `  ${name}: ${description}`)].join("\n");
}
