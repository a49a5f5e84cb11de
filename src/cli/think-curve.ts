import { basename } from "node:path";
import { Option, type Command } from "commander";
import { writePage } from "../plot/page.ts";
import { writeSvg } from "../plot/render.ts";
import { accuracyChart, entropyChart } from "../think/curves/curve-charts.ts";
import { exchangeRates, measureCurve, type Estimate, type Exchange, type MeasuredCurve, type RunCurve } from "../think/curves/curve.ts";
import { strategies, type StrategyName } from "../think/strategies/strategies.ts";
import { openTask } from "../think/tasks/open-task.ts";
import { asError } from "../think/think-error.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { ProgressLine } from "./progress.ts";
import { addJudgeOptions, addProblemOptions, describeTasks, failIfStopped, judgeSettings, MODEL_ARGUMENT, openJudge, openSampler, type JudgeFlags, type ProblemFlags } from "./think-place.ts";

interface CurveFlags extends ProblemFlags, JudgeFlags {
  readonly samples: number;
  readonly strategies: readonly StrategyName[];
  readonly svg?: string;
  readonly html?: string;
}

export function addThinkCurve(think: Command, io: Io): void {
  const command = think.command("curve")
    .description("accuracy against the compute of thinking, for one model or several of different size")
    .argument("<task>", "its name, with options")
    .argument("<runs...>", MODEL_ARGUMENT)
    .option("--samples <count>", "of each problem; the curves go over the powers of two up to it", positiveInteger, 64)
    .addOption(new Option("--strategies <names...>", "further strategies, measured with budgets of as many tokens").choices(Object.keys(strategies)).default([], "none"))
    .option("--svg <file>", "draw accuracy against compute")
    .option("--html <file>", "write a page with pictures and tables");
  addProblemOptions(addJudgeOptions(command)).addHelpText("after", describeTasks).action((task: string, runs: string[], flags: CurveFlags) => runCurve(task, runs, flags, io));
}

async function runCurve(name: string, runs: readonly string[], flags: CurveFlags, io: Io): Promise<void> {
  if (flags.reward !== undefined && !flags.strategies.some((strategy) => strategies[strategy].rewards !== "nothing")) {
    throw new UsageError("--reward is for strategies that ask how good an attempt is; name one with --strategies, such as best-of-n, or leave it out.");
  }
  const task = openTask(name);
  await prepareOutputs(flags.svg, flags.html);
  const problems = await task.problems(flags.split, { seed: flags.seed, count: flags.problems });
  const line = new ProgressLine(io);
  const measure = async (run: string): Promise<MeasuredCurve> => {
    const sampler = await openSampler(run, flags);
    const reward = await openJudge(flags, task, sampler);
    try {
      return await measureCurve(basename(run), task, problems, sampler, {
        ...flags, reward, settings: { temperature: flags.temperature, ...judgeSettings(flags), ...(flags.maxTokens !== undefined && { maxTokens: flags.maxTokens }) },
        onProgress: (what, done, of) => line.update(() => `${run}, ${what}: ${count(done)} of ${count(of)} problems`),
      });
    } finally {
      line.close();
      await reward?.dispose();
      await sampler.dispose();
    }
  };
  const curves: RunCurve[] = [];
  let stopped: Error | undefined;
  for (const run of runs) {
    const measured = await measure(run).catch((error: unknown) => {
      if (curves.length === 0) throw error;
      return { curve: undefined, stopped: asError(error) };
    });
    if (measured.curve !== undefined) curves.push(measured.curve);
    stopped = measured.stopped;
    if (stopped !== undefined) break;
  }
  const exchange = exchangeRates(curves);
  const title = `${name}: accuracy against the compute of thinking`;
  if (flags.svg !== undefined) await writeSvg(flags.svg, accuracyChart(curves, { title }));
  if (flags.html !== undefined) await writeCurvePage(flags.html, title, curves, describeExchanges(exchange, flags.samples));
  printResult(io, flags.json, { task: name, runs: curves, exchange }, () => [
    ...curves.flatMap((curve) => [describeRun(curve), table(HEADINGS, curve.points.map(pointRow), NUMBERS), ...describeCoverage(curve), ""]),
    ...describeExchanges(exchange, flags.samples),
    ...(flags.svg === undefined ? [] : [`The picture is in ${flags.svg}.`]), ...(flags.html === undefined ? [] : [`The page is in ${flags.html}.`]),
  ].join("\n"));
  failIfStopped(stopped, io);
}

const HEADINGS = ["samples", "tokens", "FLOPs", "pass@k", "majority@k", "likeliest of k", "answers' entropy", "texts' entropy"];
const NUMBERS = HEADINGS.map((_, column) => column);

function pointRow({ k, tokens, flops, pass, majority, likeliest, answerEntropy, pathEntropy }: RunCurve["points"][number]): string[] {
  return [
    count(k), tokens.toFixed(1), flops === null ? "?" : flops.toExponential(2), estimate(pass), estimate(majority), likeliest === null ? "?" : estimate(likeliest),
    answerEntropy.toFixed(3), pathEntropy.toFixed(3),
  ];
}

function estimate({ value, interval }: Estimate): string {
  return `${percent(value)} (${interval.map(percent).join(" to ")})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function describeRun({ run, problems, greedy, agreement }: RunCurve): string {
  const agreed = agreement.answers === null ? "" : ` Two samples give one answer in ${percent(agreement.answers)} of all pairs.`;
  return `${run}: ${percent(greedy.accuracy)} of ${count(problems)} problems greedily.${agreed}`;
}

function describeCoverage({ coverage: { power, beta, betaError }, strategies: searched }: RunCurve): string[] {
  return [
    ...(power === null ? [] : [`pass@k ≈ exp(−${power.scale.toPrecision(3)}·k^${power.exponent.toFixed(3)}), R² ${power.r2.toFixed(3)}.`]),
    ...(beta === null || betaError === null ? [] : [`Problems' probabilities as Beta(${beta.alpha.toPrecision(3)}, ${beta.beta.toPrecision(3)}): its closed form is at most ${percent(betaError)} from pass@k.`]),
    ...searched.map(({ strategy, budget, accuracy, tokens }) => `${strategy} with ${budget?.amount ?? "?"} tokens: ${percent(accuracy)}, ${tokens.toFixed(1)} tokens written.`),
  ];
}

function describeExchanges(exchange: readonly Exchange[], most: number): string[] {
  return exchange.map(({ small, large, measure, samples, ratio }) => {
    const how = measure === "pass" ? "of which the verifier chooses" : "by majority";
    return samples === null || ratio === null
      ? `${small} does not reach one greedy answer of ${large} with ${count(most)} samples ${how}.`
      : `${small} equals one greedy answer of ${large} with ${samples.toPrecision(2)} samples ${how}, for ${ratio.toPrecision(2)} times its FLOPs.`;
  });
}

async function writeCurvePage(path: string, title: string, curves: readonly RunCurve[], exchange: readonly string[]): Promise<void> {
  await writePage(path, {
    title,
    sections: [
      {
        heading: "Accuracy", text: exchange,
        chart: { draw: (theme) => accuracyChart(curves, { theme }), caption: "Bands are 95% bootstrap intervals over problems, of the verifier's choice and of the majority." },
      },
      {
        heading: "What it costs in agreement",
        chart: { draw: (theme) => entropyChart(curves, { theme }), caption: "Entropy of the shares of different answers and of different texts among k samples: 0 where all are alike." },
      },
      ...curves.map((curve) => ({
        heading: curve.run, text: [describeRun(curve), ...describeCoverage(curve)], table: { headings: HEADINGS, rows: curve.points.map(pointRow), right: NUMBERS },
      })),
    ],
  });
}
