import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { writePage, writeSvg, type Page } from "../plot/index.ts";
import { analyse, savedLaw, type Analysis } from "../scaling/fit/analyse.ts";
import { allocationChart, envelopeChart, valleyChart } from "../scaling/fit/approaches/approach-charts.ts";
import { fitEnvelope } from "../scaling/fit/approaches/envelope.ts";
import { fitIsoflops, isoflopBias, type IsoflopBias } from "../scaling/fit/approaches/isoflop.ts";
import { evaluateLaw } from "../scaling/fit/evaluate.ts";
import { fitChart, type FitPicture } from "../scaling/fit/fit-charts.ts";
import { defaultDelta, fitLaw, setHighestAside, type LawFit } from "../scaling/fit/fit-law.ts";
import { compareFits, type Comparison } from "../scaling/fit/likelihood.ts";
import { defaultDescents } from "../scaling/fit/optimise.ts";
import { projectChinchilla } from "../scaling/fit/variable-projection.ts";
import { lawNamed, lawNames } from "../scaling/laws/catalogue.ts";
import { readLawFile, writeLawFile } from "../scaling/laws/law-file.ts";
import { publishedLaws, type FittedLaw } from "../scaling/laws/published.ts";
import type { Observation } from "../scaling/observation.ts";
import { ScalingError } from "../scaling/scaling-error.ts";
import { readObservations, type ObservationColumns } from "../scaling/table/observations.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, number, positiveInteger, positiveNumber, repeated } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { approachPage, evaluationPage, fitPage, type ApproachCharts } from "./scale-fit-page.ts";
import { approachFigures, describeApproach, describeEvaluation, describeFit, evaluationFigures, fitFigures, type ApproachFit } from "./scale-fit-report.ts";

export interface ScaleFitFlags {
  readonly law: readonly string[];
  readonly approach: string;
  readonly with?: string;
  readonly fix: Readonly<Record<string, number>>;
  readonly tieExponents?: boolean;
  readonly twoSteps?: boolean;
  readonly compare?: boolean;
  readonly dropHighest: number;
  readonly delta: number;
  readonly starts: number;
  readonly level: number;
  readonly bootstrap: number;
  readonly seed: number;
  readonly n?: string;
  readonly d?: string;
  readonly loss?: string;
  readonly flops?: string;
  readonly unique?: string;
  readonly run?: string;
  readonly svg?: string;
  readonly html?: string;
  readonly save?: string;
  readonly json?: boolean;
}

export function addScaleFit(scale: Command, io: Io): void {
  scale.command("fit")
    .description("fit a law of growth to trainings: its parameters with intervals, how well it predicts, and what stays open")
    .argument("<file>", "table with a row a training: parameters, tokens, loss; where there are such columns also flops, unique_tokens, run")
    .option("--law <name>", `one of ${lawNames.join(", ")}, N a number of breaks; several are compared (default: chinchilla)`, repeated, [])
    .addOption(new Option("--approach <number>", "of Hoffmann et al. 2022: 1, envelope of training curves; 2, IsoFLOP parabolas; 3, the law itself").choices(["1", "2", "3"]).default("3"))
    .option("--with <law>", `fit nothing: evaluate a published law (${Object.keys(publishedLaws).join(", ")}) or a saved one on the table`)
    .option("--fix <name=value>", "keep a parameter at a value; may be repeated", fixedValue, {})
    .option("--tie-exponents", "one exponent for size and data: alpha = beta")
    .option("--two-steps", "law data-constrained: the part of Chinchilla from trainings on new data alone, RN and RD from the others")
    .option("--compare", "fit every law that the table allows, and say whether it can tell them apart")
    .option("--drop-highest <count>", "set the trainings of the most FLOPs aside, and predict them", nonNegativeInteger, 0)
    .option("--delta <value>", "residuals of the log-loss beyond this count only linearly (Huber)", positiveNumber, defaultDelta)
    .option("--starts <count>", "from how many starts of the grid, the best ones, the optimiser goes on", positiveInteger, defaultDescents)
    .option("--level <share>", "the share of cases in which an interval is to hold the true value", shareOfOne, 0.9)
    .option("--bootstrap <count>", "fits to resampled trainings, for the intervals of predictions; 0 for none", nonNegativeInteger, 4000)
    .option("--seed <number>", "of the resampling", nonNegativeInteger, 0)
    .option("--n <column>", "column of the model's size (default: parameters, params or N)")
    .option("--d <column>", "column of the tokens trained on (default: tokens or D)")
    .option("--loss <column>", "column of the loss in nats a token (default: loss)")
    .option("--flops <column>", "column of the FLOPs of the training (default: flops or C; without one 6 N D)")
    .option("--unique <column>", "column of the different tokens (default: unique_tokens or U; without one all are different)")
    .option("--run <column>", "column of the training's name (default: run or name)")
    .option("--svg <file>", "draw the fit")
    .option("--html <file>", "write a page with all pictures")
    .option("--save <file>", "write the law as a file, for `decade scale plan --law`")
    .addOption(jsonOption())
    .action((file: string, flags: ScaleFitFlags) => runScaleFit(file, flags, io));
}

function fixedValue(text: string, before: Readonly<Record<string, number>>): Record<string, number> {
  const [name, value, rest] = text.split("=");
  if (name === undefined || name === "" || value === undefined || rest !== undefined) throw new InvalidArgumentError("Expected a parameter and its value, such as E=1.69.");
  return { ...before, [name]: number(value) };
}

function shareOfOne(text: string): number {
  const value = positiveNumber(text);
  if (value >= 1) throw new InvalidArgumentError("Expected a number above 0 and below 1.");
  return value;
}

async function runScaleFit(file: string, flags: ScaleFitFlags, io: Io): Promise<void> {
  checkFlags(flags);
  await prepareOutputs(flags.svg, flags.html, flags.save);
  const all = await readObservations(file, columnsOf(flags));
  if (flags.approach !== "3") return runApproach(file, all, flags, io);
  if (flags.with !== undefined) return runEvaluation(file, all, flags.with, flags, io);
  const { kept, aside } = setHighestAside(all, flags.dropHighest);
  const [first = "chinchilla"] = flags.law.length > 0 || flags.twoSteps !== true ? flags.law : ["data-constrained"];
  const analysis = await analyse(first, kept, { ...fitOptions(flags), level: flags.level, repetitions: flags.bootstrap, seed: flags.seed, aside });
  const { comparison, refusals } = await compare(analysis.fit, kept, flags);
  const projection = first === "chinchilla" && Object.keys(flags.fix).length === 0 ? projectChinchilla(kept, flags.tieExponents) : undefined;
  if (flags.save !== undefined) await writeLawFile(flags.save, savedLaw(analysis, `fit to ${file}`, kept));
  const picture: FitPicture = { fitted: analysis.fit, observations: kept, aside };
  await draw(picture, flags, () => fitPage(picture, basename(file), analysis, comparison, refusals));
  const bias = isoflopBiasOf(analysis, kept, flags);
  printResult(io, flags.json, fitFigures(analysis, { comparison, refusals, projection, bias, repetitions: flags.bootstrap }), () => describeFit(analysis, comparison, refusals));
}

function checkFlags({ law, approach, twoSteps, with: given, fix, tieExponents, compare: all, save, dropHighest }: ScaleFitFlags): void {
  if (twoSteps === true && law.some((name) => name !== "data-constrained")) throw new UsageError("--two-steps is of the law data-constrained; name it with --law, or leave --two-steps out.");
  if (approach !== "3" && (law.length > 0 || given !== undefined || Object.keys(fix).length > 0 || tieExponents === true || twoSteps === true || all === true || save !== undefined || dropHighest > 0)) {
    throw new UsageError(`--approach ${approach} fits no law, so --law, --with, --fix, --tie-exponents, --two-steps, --compare, --drop-highest and --save do not go with it.`);
  }
  if (given !== undefined && (Object.keys(fix).length > 0 || tieExponents === true || twoSteps === true || all === true || save !== undefined || dropHighest > 0 || law.length > 1)) {
    throw new UsageError("--with fits nothing, so --fix, --tie-exponents, --two-steps, --compare, --drop-highest, --save and a second --law do not go with it.");
  }
}

function columnsOf({ n, d, loss, flops, unique, run }: ScaleFitFlags): ObservationColumns {
  return {
    ...(n !== undefined && { parameters: n }), ...(d !== undefined && { tokens: d }), ...(loss !== undefined && { loss }),
    ...(flops !== undefined && { flops }), ...(unique !== undefined && { uniqueTokens: unique }), ...(run !== undefined && { name: run }),
  };
}

function fitOptions({ delta, starts, fix, tieExponents = false, twoSteps = false }: ScaleFitFlags) {
  return { delta, descents: starts, fixed: fix, tieExponents, twoSteps };
}

/** Fits further laws to the same trainings; what cannot be fitted is told instead. */
async function compare(fit: LawFit, observations: readonly Observation[], flags: ScaleFitFlags): Promise<{ comparison?: Comparison; refusals: readonly string[] }> {
  const names = new Set([...flags.law, ...(flags.compare === true ? ["chinchilla", "data-constrained", "kaplan", "power-parameters", "power-tokens", "power-flops"] : [])]);
  names.delete(fit.law.name);
  if (names.size === 0) return { refusals: [] };
  const refusals: string[] = [];
  const others = [...names].flatMap((name) => {
    try {
      return [fitLaw(name, observations, { delta: flags.delta, descents: flags.starts })];
    } catch (error) {
      if (!(error instanceof ScalingError)) throw error;
      refusals.push(error.message);
      return [];
    }
  });
  return { comparison: await compareFits([fit, ...others]), refusals };
}

/** How Approach 2 would err on losses of the fitted law, where the trainings lie on an IsoFLOP grid. */
function isoflopBiasOf({ fit }: Analysis, observations: readonly Observation[], { level, seed }: ScaleFitFlags): IsoflopBias | undefined {
  const { E, A, B, alpha, beta } = fit.parameters;
  if (fit.law.name !== "chinchilla" || E === undefined || A === undefined || B === undefined || alpha === undefined || beta === undefined) return undefined;
  try {
    return isoflopBias({ E, A, B, alpha, beta }, fitIsoflops(observations, { level, repetitions: 0, seed }));
  } catch (error) {
    if (error instanceof ScalingError) return undefined;
    throw error;
  }
}

async function draw(picture: FitPicture, { svg, html }: ScaleFitFlags, page: () => Page): Promise<void> {
  if (svg !== undefined) await writeSvg(svg, fitChart(picture));
  if (html !== undefined) await writePage(html, page());
}

async function runApproach(file: string, observations: readonly Observation[], flags: ScaleFitFlags, io: Io): Promise<void> {
  const options = { level: flags.level, repetitions: flags.bootstrap, seed: flags.seed };
  if (flags.approach === "1") {
    const fit = fitEnvelope(observations, options);
    const found = { approach: 1, ...fit, points: observations.length, level: flags.level } as const;
    return tellApproach(file, found, { losses: (theme) => envelopeChart(fit, theme), sizes: (theme) => allocationChart(fit.envelope, fit.allocation, theme) }, flags, io);
  }
  const fit = fitIsoflops(observations, options);
  const law = parametricFit(observations, flags);
  const found = { approach: 2, ...fit, points: observations.length, level: flags.level, bias: law === undefined ? undefined : isoflopBias(law, fit) } as const;
  return tellApproach(file, found, { losses: (theme) => valleyChart(fit, theme), sizes: (theme) => allocationChart(fit.valleys, fit.allocation, theme) }, flags, io);
}

async function tellApproach(file: string, found: ApproachFit, charts: ApproachCharts, { svg, html, json }: ScaleFitFlags, io: Io): Promise<void> {
  if (svg !== undefined) await writeSvg(svg, charts.losses("light"));
  if (html !== undefined) await writePage(html, approachPage(found, basename(file), charts));
  printResult(io, json, approachFigures(found), () => describeApproach(found));
}

/** Chinchilla's law for the same trainings, where they determine it. */
function parametricFit(observations: readonly Observation[], { delta, starts }: ScaleFitFlags): ReturnType<typeof projectChinchilla> | undefined {
  try {
    const { E = NaN, A = NaN, B = NaN, alpha = NaN, beta = NaN } = fitLaw("chinchilla", observations, { delta, descents: starts }).parameters;
    return { E, A, B, alpha, beta };
  } catch (error) {
    if (error instanceof ScalingError) return undefined;
    throw error;
  }
}

async function runEvaluation(file: string, observations: readonly Observation[], given: string, flags: ScaleFitFlags, io: Io): Promise<void> {
  const known = await knownLaw(given);
  const [name = known.law.name] = flags.law;
  const evaluation = evaluateLaw({ ...known, law: lawNamed(name) }, observations, flags.delta);
  const picture: FitPicture = { fitted: evaluation.fitted, observations, aside: [] };
  await draw(picture, flags, () => evaluationPage(picture, basename(file), evaluation));
  printResult(io, flags.json, evaluationFigures(evaluation), () => describeEvaluation(evaluation));
}

async function knownLaw(given: string): Promise<FittedLaw> {
  const published = Object.entries(publishedLaws).find(([name]) => name === given)?.[1];
  if (published !== undefined) return published;
  if (!existsSync(given)) throw new CommandError(`There is no published law "${given}", and no such file; the published laws are ${Object.keys(publishedLaws).join(", ")}.`);
  return readLawFile(given);
}
