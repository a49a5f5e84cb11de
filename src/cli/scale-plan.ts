import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { writePage, writeSvg, type Chart, type ThemeName } from "../plot/index.ts";
import { readLawFile } from "../scaling/laws/law-file.ts";
import { publishedLaws, type PublishedLawName } from "../scaling/laws/published.ts";
import { computeGrowth, largestTraining, stockGrowth, usableStock, type Estimate } from "../scaling/planning/data-stock.ts";
import { fitExchangeRate, readSyntheticRuns, type ExchangeRate, type SyntheticData } from "../scaling/planning/exchange-rate.ts";
import { lossSurface } from "../scaling/planning/loss-surface.ts";
import { bestTraining } from "../scaling/planning/optimum.ts";
import { lossAgainstCompute, tokensByYear } from "../scaling/planning/plan-charts.ts";
import { planTraining } from "../scaling/planning/plan.ts";
import { centralGrowth, forecastWall, type GrowthRange } from "../scaling/planning/scenarios.ts";
import { publishedPlanningLaw, wallInterval, type PlanningLaw } from "../scaling/planning/uncertainty.ts";
import { DEFAULT_SHARE } from "../scaling/planning/wall.ts";
import { nearest } from "../train/config/suggest.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, number, positiveInteger, positiveNumber } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { amount, describePlan, notesOf, planFigures, planPage, type PlanReport } from "./scale-plan-report.ts";
import { describeWall, wallPage, type WallReport } from "./scale-wall-report.ts";

/** What both questions take: how to share one compute, and when the data runs out. */
export interface ScalePlanFlags {
  readonly law: string;
  readonly compute?: number;
  readonly uniqueTokens?: number;
  readonly inferenceTokens?: number;
  readonly synthetic?: number;
  readonly exchangeRate?: number;
  readonly syntheticRuns?: string;
  readonly share: number;
  readonly wall?: boolean;
  readonly computeGrowth?: Estimate;
  readonly dataGrowth?: Estimate;
  readonly stock?: Estimate;
  readonly year?: number;
  readonly svg?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** Intervals of what is estimated here. */
const LEVEL = 0.9;

export function addScalePlan(scale: Command, io: Io): void {
  const names = Object.keys(publishedLaws).join(", ");
  scale.command("plan")
    .description("how to spend compute under a law: parameters, tokens, epochs and the loss to expect; with --wall, when the data runs out")
    .requiredOption("--law <law>", `a published law (${names}), or a file as \`decade scale fit --save\` writes it`)
    .option("--compute <flops>", `floating-point operations of the training, spent as 6 N D; with --wall of the largest one in --year (default there: ${largestTraining.compute})`, positiveNumber)
    .option("--unique-tokens <count>", "different tokens there are (default: no end of them)", positiveNumber)
    .option("--inference-tokens <count>", "tokens that the model will serve: the training that is cheapest with them, at the same loss", positiveNumber)
    .option("--synthetic <count>", "different synthetic tokens beside the real ones", positiveNumber)
    .option("--exchange-rate <q>", "how many real tokens a synthetic one is worth, above 0 and at most 1", exchangeRate)
    .option("--synthetic-runs <file>", "estimate the exchange rate from trainings: columns parameters, tokens, unique_tokens, synthetic_tokens, loss")
    .option("--share <share>", "the wall: where the next doubling of compute brings less than this share of what unlimited data would give", shareOfOne, DEFAULT_SHARE)
    .option("--wall", "when the largest training meets the wall, as compute and data grow")
    .option("--compute-growth <factors>", "with --wall: compute multiplies by this in a year; one value, or low,central,high (default: 4,4.5,5)", estimate)
    .option("--data-growth <shares>", "with --wall: the stock grows by this share in a year; one value, or low,central,high (default: 0,0.05,0.1)", estimate)
    .option("--stock <counts>", "with --wall: different tokens in --year; one value, or low,central,high (default: usable public text, 22e12,102e12,483e12)", positiveEstimate)
    .option("--year <year>", `with --wall: the year of --compute and --stock (default: ${largestTraining.year})`, positiveInteger)
    .option("--svg <file>", "draw loss against compute, with the wall")
    .option("--html <file>", "write the report with its pictures as a page")
    .addOption(jsonOption())
    .action((flags: ScalePlanFlags) => (flags.wall === true ? runWall(flags, io) : runPlan(flags, io)));
}

async function runPlan(flags: ScalePlanFlags, io: Io): Promise<void> {
  const misplaced = (["computeGrowth", "dataGrowth", "stock", "year"] as const).find((name) => flags[name] !== undefined);
  if (misplaced !== undefined) throw new UsageError(`--${dashed(misplaced)} says how things grow, which only --wall asks; add --wall or leave it out.`);
  const { compute } = flags;
  if (compute === undefined) throw new UsageError("A plan needs --compute, such as --compute 1e22.");
  await prepareOutputs(flags.svg, flags.html);
  const law = await openLaw(flags.law);
  const { data: synthetic, rate } = await readSynthetic(law, flags);
  const plan = planTraining(law, {
    compute, share: flags.share, ...(flags.uniqueTokens !== undefined && { uniqueTokens: flags.uniqueTokens }),
    ...(synthetic !== undefined && { synthetic }), ...(flags.inferenceTokens !== undefined && { inferenceTokens: flags.inferenceTokens }),
  });
  const report: PlanReport = { law, plan, synthetic, rate, share: flags.share, notes: notesOf(law, plan) };
  const chart = (theme?: ThemeName): Chart => planChart(report, compute, theme);
  if (flags.svg !== undefined) await writeSvg(flags.svg, chart());
  if (flags.html !== undefined) await writePage(flags.html, planPage(report, chart));
  printResult(io, flags.json, planFigures(report), () => [describePlan(report), ...filesWritten(flags)].join("\n\n"));
}

async function runWall(flags: ScalePlanFlags, io: Io): Promise<void> {
  if (flags.uniqueTokens !== undefined) throw new UsageError("--unique-tokens is for one training; with --wall give the tokens there are by --stock.");
  if (flags.inferenceTokens !== undefined) throw new UsageError("--inference-tokens is for one training; leave it out with --wall.");
  await prepareOutputs(flags.svg, flags.html);
  const law = await openLaw(flags.law);
  const { data: synthetic, rate } = await readSynthetic(law, flags);
  const range: GrowthRange = {
    year: flags.year ?? largestTraining.year, compute: flags.compute ?? largestTraining.compute,
    computeGrowth: flags.computeGrowth ?? computeGrowth, stock: flags.stock ?? usableStock, stockGrowth: flags.dataGrowth ?? stockGrowth,
  };
  if (range.computeGrowth.low <= 1) throw new UsageError(`Compute that multiplies by ${range.computeGrowth.low} a year does not grow towards a wall; factors above 1 were expected, such as 4,4.5,5.`);
  if (range.stockGrowth.low <= -1) throw new UsageError(`A stock cannot grow by ${range.stockGrowth.low} a year; shares above -1 were expected, such as 0,0.05,0.1.`);
  const surface = lossSurface(law);
  const forecast = forecastWall(surface, range, flags.share);
  const shifted = synthetic === undefined ? undefined : forecastWall(surface, { ...range, addedTokens: synthetic.exchangeRate * synthetic.tokens }, flags.share);
  const interval = wallInterval(law, centralGrowth(range), flags.share);
  const report: WallReport = { law, range, forecast, interval, synthetic, rate, shifted, flags };
  const loss = (theme?: ThemeName): Chart => wallChart(report, theme);
  if (flags.svg !== undefined) await writeSvg(flags.svg, loss());
  if (flags.html !== undefined) await writePage(flags.html, wallPage(report, { loss, tokens: (theme) => stockChart(report, theme) }));
  const figures = {
    law: law.name, share: flags.share, assumptions: range, ...forecast, interval: interval?.years ?? null, ...(interval !== undefined && { level: interval.level }),
    ...(shifted !== undefined && { synthetic: { ...synthetic, ...(rate !== undefined && { estimate: rate }), central: shifted.central, earliest: shifted.earliest, latest: shifted.latest } }),
  };
  printResult(io, flags.json, figures, () => [describeWall(report), ...filesWritten(flags)].join("\n\n"));
}

async function openLaw(name: string): Promise<PlanningLaw> {
  if (isPublished(name)) return publishedPlanningLaw(name);
  if (existsSync(name)) return { ...await readLawFile(name), name: basename(name) };
  const names = Object.keys(publishedLaws);
  const near = nearest(name, names);
  const hint = near === undefined ? `the published laws are ${names.join(", ")}, and a file is what \`decade scale fit --save\` writes.` : `did you mean "${near}"?`;
  throw new CommandError(`There is no published law and no file "${name}"; ${hint}`);
}

function isPublished(name: string): name is PublishedLawName {
  return Object.hasOwn(publishedLaws, name);
}

/** Synthetic data as asked for; its exchange rate is given or estimated. */
async function readSynthetic(law: PlanningLaw, flags: ScalePlanFlags): Promise<{ data?: SyntheticData; rate?: ExchangeRate }> {
  const { synthetic: tokens, exchangeRate: given, syntheticRuns } = flags;
  if (given !== undefined && syntheticRuns !== undefined) throw new UsageError("--exchange-rate gives what --synthetic-runs estimates; give one of them.");
  if (tokens === undefined && given !== undefined) throw new UsageError("--exchange-rate says what synthetic tokens are worth; say with --synthetic how many there are.");
  const rate = syntheticRuns === undefined ? undefined : await fitExchangeRate(law, await readSyntheticRuns(syntheticRuns), LEVEL);
  if (tokens === undefined) return { ...(rate !== undefined && { rate }) };
  const exchange = given ?? rate?.rate;
  if (exchange === undefined) throw new UsageError("What synthetic tokens are worth must be known: give --exchange-rate, or trainings that tell it with --synthetic-runs.");
  if (flags.wall !== true && flags.uniqueTokens === undefined) throw new UsageError("Synthetic data changes nothing while real data has no end; say with --unique-tokens how many real ones there are.");
  return { data: { tokens, exchangeRate: exchange }, ...(rate !== undefined && { rate }) };
}

function planChart({ law, plan: { training, data, intervals }, share }: PlanReport, compute: number, theme: ThemeName = "light"): Chart {
  return lossAgainstCompute(lossSurface(law), {
    title: `What compute buys under ${law.name}`, share, theme,
    training: { name: "this plan", compute: Math.max(compute, training.flops), loss: training.loss, ...(intervals !== undefined && { interval: intervals.loss }) },
    stocks: data === undefined ? [] : [{ name: `${amount(data.stock)} tokens`, uniqueTokens: data.stock }],
  });
}

function wallChart({ law, range: { stock }, forecast: { central }, flags }: WallReport, theme: ThemeName = "light"): Chart {
  const grown = (central?.stock ?? stock.central) / stock.central;
  const tokens = [...new Set([stock.low, stock.central, stock.high])].map((least) => least * grown);
  return lossAgainstCompute(lossSurface(law), {
    title: `When the data runs out under ${law.name}`, share: flags.share, theme,
    stocks: tokens.map((uniqueTokens) => ({ name: `${amount(uniqueTokens)} tokens`, uniqueTokens })),
  });
}

function stockChart({ law, range, forecast: { timeline } }: WallReport, theme: ThemeName): Chart {
  const surface = lossSurface(law);
  return tokensByYear("Tokens wanted and tokens there are", timeline.map(({ year, stock, flops }) => {
    const [low, high] = [range.stock.low, range.stock.high].map((end) => stock * end / range.stock.central);
    return { year, stock: { low: low ?? stock, central: stock, high: high ?? stock }, wanted: bestTraining(surface, { compute: flops }).tokens };
  }), theme);
}

function filesWritten({ svg, html }: ScalePlanFlags): string[] {
  return [...(svg === undefined ? [] : [`The picture is in ${svg}.`]), ...(html === undefined ? [] : [`The page is in ${html}.`])];
}

function exchangeRate(text: string): number {
  const value = positiveNumber(text);
  if (value > 1) throw new InvalidArgumentError("Expected a number above 0 and at most 1.");
  return value;
}

function shareOfOne(text: string): number {
  const value = positiveNumber(text);
  if (value >= 1) throw new InvalidArgumentError("Expected a number above 0 and below 1.");
  return value;
}

/** One value, or three in order. */
function estimate(text: string): Estimate {
  const [low = NaN, central = low, high = central, ...rest] = text.split(",").map(number);
  const given = text.split(",").length;
  if (rest.length > 0 || given === 2 || low > central || central > high) throw new InvalidArgumentError("Expected one number, or three in order as low,central,high.");
  return { low, central, high };
}

function positiveEstimate(text: string): Estimate {
  const range = estimate(text);
  if (range.low <= 0) throw new InvalidArgumentError("Expected numbers above 0.");
  return range;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
