import { writeFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { onnx } from "../engines/onnx/engine.ts";
import { writePage } from "../plot/page.ts";
import { writeSvg } from "../plot/render.ts";
import type { CheckReport } from "../think/doubt/check-report.ts";
import { check } from "../think/doubt/check.ts";
import { reliabilityChart, riskCoverageChart, type ScoreNames } from "../think/doubt/doubt-charts.ts";
import { doubtScores, probabilityScores, type CheckedAnswer, type DoubtScore } from "../think/doubt/doubts.ts";
import { HiddenStates } from "../think/doubt/hidden-states.ts";
import { RunSampler } from "../think/sampler/run-sampler.ts";
import type { Sampler } from "../think/sampler/sampler.ts";
import { strategies, type StrategyName } from "../think/strategies/strategies.ts";
import { openTask } from "../think/tasks/open-task.ts";
import type { Task } from "../think/tasks/task.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { nonNegativeInteger, positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { ProgressLine } from "./progress.ts";
import {
  addJudgeOptions, addProblemOptions, describeTasks, failIfStopped, judgeSettings, MODEL_ARGUMENT, openJudge, openSampler, share, type JudgeFlags, type ProblemFlags,
} from "./think-place.ts";

interface CheckFlags extends ProblemFlags, JudgeFlags {
  readonly samples: number;
  readonly flagBy: DoubtScore;
  readonly threshold: number;
  readonly probeProblems?: number;
  readonly revise?: boolean;
  readonly reviseStrategy?: StrategyName;
  readonly reviseSamples?: number;
  readonly output?: string;
  readonly svg?: string;
  readonly html?: string;
}

/** Of the training split, for probes on hidden states, where nothing is said. */
const PROBE_PROBLEMS = 500;

export function addThinkCheck(think: Command, io: Io): void {
  const command = think.command("check")
    .description("tell which greedy answers are likely to be wrong, and how well that can be told")
    .argument("<task>", "its name, with options")
    .argument("<run>", MODEL_ARGUMENT)
    .option("--samples <count>", "of each problem, beside the greedy answer", positiveInteger, 10)
    .addOption(new Option("--flag-by <score>", "the probability to be right that answers are flagged by").choices([...probabilityScores]).default("selfConsistency"))
    .option("--threshold <share>", "answers with less of it are flagged", share, 0.5)
    .option("--probe-problems <count>", `training problems that probes on a run's hidden states learn from; 0: no probes (default: ${PROBE_PROBLEMS})`, nonNegativeInteger)
    .option("--revise", "find flagged answers anew, and tell what that corrected and what it broke")
    .addOption(new Option("--revise-strategy <name>", "how (default: majority-vote, with --reward weighted-vote)").choices(Object.keys(strategies)))
    .option("--revise-samples <count>", "attempts at each of them (default: four times --samples)", positiveInteger)
    .option("--output <file>", "write every problem with its answer and doubts, as JSON lines")
    .option("--svg <file>", "draw what is wrong of the surest answers, and beside it, ending in .reliability.svg, how often answers of one probability are right")
    .option("--html <file>", "write a page with both pictures and the scores");
  addProblemOptions(addJudgeOptions(command)).addHelpText("after", describeTasks).action((task: string, run: string, flags: CheckFlags) => runCheck(task, run, flags, io));
}

async function runCheck(name: string, run: string, flags: CheckFlags, io: Io): Promise<void> {
  const { samples, flagBy, threshold, seed, temperature, maxTokens } = flags;
  const revise = revisionOf(flags);
  const task = openTask(name);
  await prepareOutputs(flags.output, flags.svg, flags.html);
  const problems = await task.problems(flags.split, { seed, count: flags.problems });
  const sampler = await openSampler(run, flags);
  const reward = await openJudge(flags, task, sampler);
  const probe = await openProbe(task, sampler, flags);
  const line = new ProgressLine(io);
  try {
    const { report, answers, stopped } = await check(task, problems, sampler, {
      samples, flagBy, threshold, seed, reward, probe, settings: { temperature, ...judgeSettings(flags), ...(maxTokens !== undefined && { maxTokens }) }, ...(revise && { revise }),
      onProgress: (what, done, of) => line.update(() => `${what}: ${count(done)} of ${count(of)} problems`),
    });
    line.close();
    await writeFiles(`${name}: which answers are wrong`, flags, report, answers);
    printResult(io, flags.json, report, () => describe(report));
    if (report.revision !== undefined && revise !== undefined && asksKnownAnswers(task, revise.strategy, flags)) {
      io.err(`decade: ${task.name} is verified by the known answers, so that this tells what a revision by ${revise.strategy} could reach, not what a user without them would get.\n`);
    }
    failIfStopped(stopped, io);
  } finally {
    line.close();
    await probe?.states.dispose();
    await reward?.dispose();
    await sampler.dispose();
  }
}

function revisionOf({ revise, reviseStrategy, reviseSamples, samples, reward }: CheckFlags) {
  if (revise === true) return { strategy: reviseStrategy ?? (reward === undefined ? "majority-vote" : "weighted-vote"), samples: reviseSamples ?? 4 * samples };
  if ((reviseStrategy ?? reviseSamples) !== undefined) throw new UsageError("--revise-strategy and --revise-samples are about --revise; add it, or leave them out.");
  return undefined;
}

function asksKnownAnswers({ verifiedBy }: Task, strategy: StrategyName, { reward, criticism }: CheckFlags): boolean {
  return verifiedBy === "reference" && strategies[strategy].verifies && reward === undefined && !(strategy === "revision" && criticism === "own");
}

/** Hidden states can be seen of a run alone. */
async function openProbe(task: Task, sampler: Sampler, { probeProblems, seed, threads }: CheckFlags) {
  if (!(sampler instanceof RunSampler)) {
    if (probeProblems !== undefined) throw new UsageError("--probe-problems is about the hidden states of a run, which an endpoint does not show; leave it out.");
    return undefined;
  }
  const wanted = probeProblems ?? PROBE_PROBLEMS;
  const problems = wanted === 0 ? [] : await task.problems("train", { seed, count: wanted });
  if (problems.length === 0) return undefined;
  return { problems, states: await HiddenStates.create(sampler.model, onnx(threads === undefined ? {} : { threads })) };
}

async function writeFiles(title: string, { output, svg, html }: CheckFlags, report: CheckReport, answers: readonly CheckedAnswer[]): Promise<void> {
  if (output !== undefined) await writeFile(output, answers.map((answer) => `${JSON.stringify(record(answer))}\n`).join(""));
  if (svg !== undefined) {
    await writeSvg(svg, riskCoverageChart(answers, NAMES, { title }));
    await writeSvg(svg.replace(/(\.svg)?$/, ".reliability.svg"), reliabilityChart(answers, NAMES, { title }));
  }
  if (html === undefined) return;
  await writePage(html, {
    title,
    sections: [
      { heading: "Scores", text: describeCounts(report), table: { headings: HEADINGS, rows: rowsOf(report), right: [1, 2] } },
      { heading: "What is wrong of the surest answers", chart: { draw: (theme) => riskCoverageChart(answers, NAMES, { theme }), caption: "A score is of use where its line is low on the left." } },
      { heading: "How often answers are right", chart: { draw: (theme) => reliabilityChart(answers, NAMES, { theme }), caption: "In ten bins of equal width." } },
    ],
  });
}

function record({ problem, greedy, doubts, flagged, revised }: CheckedAnswer): object {
  const plain = ({ text, verdict }: CheckedAnswer["greedy"]) => ({ text, ...verdict });
  return { key: problem.key, prompt: problem.prompt, greedy: plain(greedy), ...doubts, flagged, ...(revised && { revised: plain(revised) }) };
}

const NAMES: ScoreNames = {
  semanticEntropy: "semantic entropy", weightedSemanticEntropy: "semantic entropy, weighted by likelihood", selfConsistency: "self-consistency",
  meanLogProbability: "likelihood per token", logProbability: "likelihood", pTrue: "P(true)", probePrompt: "probe at the prompt's end",
  probeAnswer: "probe at the answer's end", reward: "reward",
};

const HEADINGS = ["right from wrong by", "AUROC", "ECE"];

/** Of the scores that are known. */
function rowsOf({ scores }: CheckReport): string[][] {
  const known = doubtScores.filter((score) => (scores[score].auroc ?? scores[score].ece) !== null);
  return known.map((score) => [NAMES[score], scores[score].auroc?.toFixed(3) ?? "-", scores[score].ece?.toFixed(3) ?? "-"]);
}

function describe(report: CheckReport): string {
  return [table(HEADINGS, rowsOf(report), [1, 2]), "", ...describeCounts(report)].join("\n");
}

function describeCounts({ accuracy, problems, undefinedBecause, ece, flaggedBy, flagged, flaggedWrong, probe, revision }: CheckReport): string[] {
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  return [
    `${percent(accuracy)} of ${count(problems)} greedy answers are right.`,
    ...(undefinedBecause === undefined ? [] : [`AUROC is not defined: ${undefinedBecause}.`]),
    ...(probe !== undefined && [0, 1].includes(probe.accuracy) ? [`There is no probe: all of ${count(probe.problems)} greedy answers to training problems are ${probe.accuracy === 1 ? "right" : "wrong"}.`] : []),
    `As a probability to be right, ${NAMES[flaggedBy]} is off by ${ece.toFixed(3)} on average (ECE).`,
    `By it ${count(flagged)} answers are flagged, of which ${count(flaggedWrong)} are wrong.`,
    ...(revision === undefined ? [] : [`Found anew by ${revision.strategy}: ${count(revision.corrected)} corrected, ${count(revision.broken)} broken; ${percent(revision.accuracy)} are right now.`]),
  ];
}
