/** A planned training as people and programs read it. */
import type { Chart, Page, PageSection, PageTable, ThemeName } from "../plot/index.ts";
import type { ExchangeRate, SyntheticData } from "../scaling/planning/exchange-rate.ts";
import { lossSurface } from "../scaling/planning/loss-surface.ts";
import type { ExpectedTraining } from "../scaling/planning/optimum.ts";
import { FLAT_TOLERANCE, type TrainingPlan } from "../scaling/planning/plan.ts";
import type { PlanningLaw } from "../scaling/planning/uncertainty.ts";
import { DEFAULT_LEFT } from "../scaling/planning/wall.ts";
import { table } from "./format.ts";

export interface PlanReport {
  readonly law: PlanningLaw;
  readonly plan: TrainingPlan;
  readonly synthetic: SyntheticData | undefined;
  /** Where it was estimated. */
  readonly rate: ExchangeRate | undefined;
  readonly share: number;
  readonly notes: readonly string[];
}

/** `7.03B`, `237B`, `1570T` */
export function amount(value: number): string {
  if (value >= 9999.5e12) return flops(value);
  const [size, letter] = SCALES.find(([least]) => value >= least * 0.9995) ?? [1, ""];
  const scaled = value / size;
  return `${letter === "" || scaled >= 999.5 ? scaled.toFixed(0) : scaled.toPrecision(3)}${letter}`;
}

const SCALES: readonly (readonly [least: number, letter: string])[] = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];

/** `1.00e+22` without its plus sign. */
export function flops(value: number): string {
  return value.toExponential(2).replace("e+", "e");
}

/** From how many times the compute at which the data is spent a plan is no longer told by the law. */
const OVERSPENT = 100;

/** By how many times an interval of sizes may span before it says nothing. */
const LOOSE = 100;

/** What must be known before a plan is believed. */
export function notesOf(law: PlanningLaw, { data, extrapolation, intervals, training }: TrainingPlan): string[] {
  return [
    ...(data !== undefined && !lossSurface(law).knowsRepetition
      ? [`The law ${law.law.name} knows no repetition: tokens seen again are taken to teach nothing, so that one epoch is the most. A data-constrained law, such as muennighoff-2023, says what further epochs bring.`] : []),
    ...(intervals === undefined ? [unsure(law)] : []),
    ...(intervals !== undefined && intervals.parameters[1] > LOOSE * intervals.parameters[0]
      ? [`The resampled fits do not agree on the best size: it spans ${span(intervals.parameters, amount)}. Tie or fix parameters of the law, or fit it to trainings farther apart.`] : []),
    ...(extrapolation === undefined ? [] : [describeExtrapolation(extrapolation)]),
    ...(data !== undefined && training.flops > OVERSPENT * data.wall.spent.flops
      ? [`The data is spent: ${flops(data.wall.spent.flops)} FLOPs, ${(training.flops / data.wall.spent.flops).toPrecision(2).replace("e+", "e")} times less, have ${percent(1 - DEFAULT_LEFT)} of all that it can still teach, so that the N and D of the plan say little; more data does what more compute cannot.`] : []),
  ];
}

/** Why there are no intervals. */
export function unsure({ draws }: PlanningLaw): string {
  return `How sure the law is, is unknown: ${draws === undefined ? "its source gives no joint uncertainty of its values" : "its file holds no resampled fits (fitted with --bootstrap 0)"}. A law that \`decade scale fit --bootstrap\` saves has intervals.`;
}

function describeExtrapolation({ range, parameters, tokens }: NonNullable<TrainingPlan["extrapolation"]>): string {
  const beyond = (factor: number, what: string): string[] => {
    if (factor === 1) return [];
    return [factor > 1 ? `${Number(factor.toPrecision(2))} times the most ${what}` : `${Number((1 / factor).toPrecision(2))} times fewer than the least ${what}`];
  };
  const far = [parameters, tokens].some((factor) => factor >= 10 || factor <= 0.1);
  const between = ([low, high]: readonly [number, number]): string => `${amount(low)} to ${amount(high)}`;
  const fitted = `${between(range.parameters)} parameters and ${between(range.tokens)} tokens`;
  return `The plan lies ${far ? "far " : ""}beyond the trainings that the law was fitted to, with ${fitted}: it has ${[...beyond(parameters, "parameters"), ...beyond(tokens, "tokens")].join(" and ")} of them.`;
}

/** The plan as JSON. */
export function planFigures({ law, plan, synthetic, rate, notes }: PlanReport): object {
  const { training, intervals, flat, doubled, data, serving, withoutSynthetic } = plan;
  return {
    parameters: training.parameters, tokens: training.tokens, epochs: training.epochs, loss: training.loss, interval: intervals?.loss ?? null,
    ...(intervals !== undefined && { level: intervals.level, parametersInterval: intervals.parameters, tokensInterval: intervals.tokens }),
    flops: training.flops, tokensPerParameter: training.tokens / training.parameters,
    law: { name: law.name, formula: law.law.formula, source: law.source },
    flat: { tolerance: FLAT_TOLERANCE, parameters: flat }, doubled,
    ...(data !== undefined && { stock: data.stock, unlimited: data.unlimited, computeIfUnlimited: data.computeIfUnlimited, wall: data.wall }),
    ...(serving !== undefined && { serving }),
    ...(synthetic !== undefined && { synthetic: { ...synthetic, without: withoutSynthetic } }),
    ...(rate !== undefined && { exchangeRate: rate }),
    notes,
  };
}

/** What a report says of a plan, part by part. */
interface PlanParts {
  readonly trainings: PageTable;
  readonly text: readonly string[];
  readonly data: readonly string[];
  readonly serving: readonly string[];
  readonly synthetic: readonly string[];
}

/** The plan as text. */
export function describePlan(report: PlanReport): string {
  const { trainings, text, data, serving, synthetic } = partsOf(report);
  const { law, notes } = report;
  const part = (heading: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ["", heading, ...lines.map((line) => `  ${line}`)]);
  return [
    `${law.name}: ${law.law.formula}`, `(${law.source})`, "",
    table(trainings.headings, trainings.rows, trainings.right), "",
    ...text, ...part("The data:", data), ...part("Serving, at 2 N a token:", serving), ...part("Synthetic data:", synthetic),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `Note: ${note}`)]),
  ].join("\n");
}

/** The plan as a page. */
export function planPage(report: PlanReport, chart: (theme: ThemeName) => Chart): Page {
  const { trainings, text, data, serving, synthetic } = partsOf(report);
  const { law, notes } = report;
  const part = (heading: string, lines: readonly string[]): PageSection[] => (lines.length === 0 ? [] : [{ heading, text: lines }]);
  return {
    title: `A training planned under ${law.name}`,
    sections: [
      { heading: "The plan", text: [`${law.law.formula} (${law.source})`, ...text], table: trainings },
      { heading: "What compute buys", chart: { draw: chart } },
      ...part("The data", data), ...part("Serving, at 2 N a token", serving), ...part("Synthetic data", synthetic), ...part("Before it is believed", notes),
    ],
  };
}

function partsOf({ law, plan, synthetic, rate, share }: PlanReport): PlanParts {
  const { training, intervals, flat, doubled, data, serving, withoutSynthetic } = plan;
  const expected = `The loss to expect is ${training.loss.toFixed(4)} nats a token`;
  const isFlat = flat[1] / flat[0] > 1.5;
  return {
    trainings: trainingTable([
      [serving === undefined ? "plan" : "plan, served", training],
      ...(serving === undefined ? [] : [["training-optimal", serving.trainingOptimal] as const]),
      ...(withoutSynthetic === undefined ? [] : [["without synthetic", withoutSynthetic.training] as const]),
      ...(data === undefined ? [] : [["unlimited data", data.unlimited] as const]),
      ["twice the compute", doubled],
    ]),
    text: [
      intervals === undefined ? `${expected}.`
        : `${expected}, ${percent(intervals.level)} interval ${span(intervals.loss, (loss) => loss.toFixed(4))}; the best N lies in ${span(intervals.parameters, amount)}, the best D in ${span(intervals.tokens, amount)}.`,
      `The optimum is ${isFlat ? "flat" : "sharp"}: from ${amount(flat[0])} to ${amount(flat[1])} parameters the loss lies within ${percent(FLAT_TOLERANCE)} of the lowest of this compute.`,
      `Twice the compute lowers the loss by ${((serving?.trainingOptimal ?? training).loss - doubled.loss).toFixed(4)}.`,
    ],
    data: data === undefined ? [] : describeData(data, training, { share, knowsRepetition: lossSurface(law).knowsRepetition }),
    serving: serving === undefined ? [] : describeServing(serving),
    synthetic: [
      ...(rate === undefined ? [] : [describeRate(rate)]),
      ...(synthetic === undefined || withoutSynthetic === undefined || data === undefined ? [] : [
        `${amount(synthetic.tokens)} synthetic tokens at ${Number(synthetic.exchangeRate.toPrecision(3))} real ones each lower the loss by ${(withoutSynthetic.training.loss - training.loss).toFixed(4)} and move the wall from ${flops(withoutSynthetic.wall.returns.flops)} to ${flops(data.wall.returns.flops)} FLOPs.`,
      ]),
    ],
  };
}

function trainingTable(columns: readonly (readonly [string, ExpectedTraining])[]): PageTable {
  const row = (name: string, value: (training: ExpectedTraining) => string): string[] => [name, ...columns.map(([, training]) => value(training))];
  return {
    headings: ["", ...columns.map(([name]) => name)],
    rows: [
      row("parameters N", ({ parameters }) => amount(parameters)),
      row("tokens D", ({ tokens }) => amount(tokens)),
      row("epochs", ({ epochs }) => (epochs < 1e4 ? epochs.toFixed(2) : flops(epochs))),
      row("tokens per parameter", ({ tokens, parameters }) => (tokens / parameters).toPrecision(3).replace("e+", "e")),
      row("loss (nats a token)", ({ loss }) => loss.toFixed(4)),
      row("FLOPs, 6 N D", (training) => flops(training.flops)),
    ],
    right: columns.map((_, at) => at + 1),
  };
}

function describeData(
  { stock, computeIfUnlimited, wall }: NonNullable<TrainingPlan["data"]>, training: ExpectedTraining, { share, knowsRepetition }: { share: number; knowsRepetition: boolean },
): string[] {
  const { limit, readOnce, returns, spent } = wall;
  const passes = ({ epochs }: ExpectedTraining): string => (knowsRepetition ? ` (${epochs.toFixed(1)} epochs)` : "");
  const dearer = training.flops / computeIfUnlimited;
  return [
    `There are ${amount(stock)} different tokens${dearer > 1.005 ? `; were all tokens new, ${flops(computeIfUnlimited)} FLOPs would reach the same loss, so that scarcity takes ${dearer.toPrecision(3).replace("e+", "e")} times the compute.` : ", enough for this compute."}`,
    `They are read once by the best training of ${flops(readOnce.flops)} FLOPs.`,
    `The wall: from ${flops(returns.flops)} FLOPs${passes(returns)} the next doubling brings less than ${percent(share)} of what unlimited data would give.`,
    `From ${flops(spent.flops)} FLOPs${passes(spent)} ${percent(1 - DEFAULT_LEFT)} is had of all that more parameters${knowsRepetition ? " and epochs" : ""} bring after one pass; the lowest loss these tokens teach is ${limit.toFixed(4)}.`,
  ];
}

function describeServing({ trainingOptimal, cheapest, best }: NonNullable<TrainingPlan["serving"]>): string[] {
  const saved = 1 - cheapest.totalFlops / trainingOptimal.totalFlops;
  return [
    `Of the same loss, the plan takes ${flops(cheapest.totalFlops)} FLOPs in all, ${flops(cheapest.flops)} of them for training; the training-optimal model takes ${flops(trainingOptimal.totalFlops)}, so that ${percent(saved < 1e-9 ? 0 : saved)} is saved.`,
    `Spent in full, the ${flops(trainingOptimal.totalFlops)} reach ${best.loss.toFixed(4)} with ${amount(best.parameters)} parameters and ${amount(best.tokens)} tokens.`,
  ];
}

export function describeRate({ rate, interval, level, deviation, bias, points }: ExchangeRate): string {
  const loose = interval[0] === 0 && interval[1] === 1 ? " These trainings do not tell it." : "";
  const biased = Math.abs(bias) > 2 * deviation / Math.sqrt(points) && Math.abs(bias) > 0.01 ? ` The measured losses lie ${percent(Math.abs(bias))} ${bias > 0 ? "above" : "below"} the law on average: fit a law to your own trainings first.` : "";
  return `A synthetic token is worth ${rate.toFixed(3)} real ones, ${percent(level)} interval ${span(interval, (end) => end.toFixed(3))}, from ${points} trainings that scatter by ${percent(deviation)} around the law.${loose}${biased}`;
}

function span([low, high]: readonly [number, number], text: (value: number) => string): string {
  return `[${text(low)}, ${text(high)}]`;
}

/** `2.31 %`, `<0.01 %` */
export function percent(share: number): string {
  return share > 1e-9 && share < 5e-5 ? "<0.01 %" : `${Number((100 * share).toPrecision(3))} %`;
}
