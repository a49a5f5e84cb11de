/** When the data runs out, as people read it. */
import type { Chart, Page, PageTable, ThemeName } from "../plot/index.ts";
import { effectiveStock, type Estimate } from "../scaling/planning/data-stock.ts";
import type { ExchangeRate, SyntheticData } from "../scaling/planning/exchange-rate.ts";
import type { TrainingOfYear } from "../scaling/planning/growth.ts";
import { lossSurface } from "../scaling/planning/loss-surface.ts";
import type { GrowthRange, WallForecast } from "../scaling/planning/scenarios.ts";
import type { PlanningLaw, WallInterval } from "../scaling/planning/uncertainty.ts";
import { table } from "./format.ts";
import { amount, describeRate, flops, percent, unsure } from "./scale-plan-report.ts";

export interface WallReport {
  readonly law: PlanningLaw;
  readonly range: GrowthRange;
  readonly forecast: WallForecast;
  /** Of the year at central rates; undefined where it is not known how sure the law is. */
  readonly interval: WallInterval | undefined;
  readonly synthetic: SyntheticData | undefined;
  readonly rate: ExchangeRate | undefined;
  /** With the synthetic data. */
  readonly shifted: WallForecast | undefined;
  readonly flags: { readonly share: number; readonly stock?: Estimate; readonly dataGrowth?: Estimate; readonly computeGrowth?: Estimate; readonly compute?: number };
}

/** The forecast as text. */
export function describeWall(report: WallReport): string {
  const { law, range, flags, forecast } = report;
  const text = ({ headings, rows, right }: PageTable): string => table(headings, rows, right);
  return [
    `${law.name}: ${law.law.formula}`, `(${law.source})`, "",
    text(assumptionTable(range, flags)), "",
    text(timelineTable(forecast.timeline)), "",
    ...findings(report), "",
    text(scenarioTable(forecast)), "",
    ...cautions(report).map((caution) => `Note: ${caution}`),
  ].join("\n");
}

/** The forecast as a page. */
export function wallPage(report: WallReport, charts: { readonly loss: (theme: ThemeName) => Chart; readonly tokens: (theme: ThemeName) => Chart }): Page {
  const { law, range, flags, forecast } = report;
  return {
    title: `When the data runs out under ${law.name}`,
    sections: [
      { heading: "The wall", text: [`${law.law.formula} (${law.source})`, ...findings(report)], chart: { draw: charts.loss } },
      { heading: "Year by year", chart: { draw: charts.tokens }, table: timelineTable(forecast.timeline) },
      { heading: "At other rates", table: scenarioTable(forecast) },
      { heading: "What is assumed", table: assumptionTable(range, flags), text: cautions(report) },
    ],
  };
}

function findings({ forecast, interval, synthetic, rate, shifted, flags }: WallReport): string[] {
  const { central, earliest, latest, readOnce } = forecast;
  return [
    `The wall is where the next doubling of compute brings less than ${percent(flags.share)} of what unlimited data would give.`,
    readOnce === undefined ? "The best training does not read every token once within a hundred years." : `The best training reads every different token once from ${year(readOnce)} on.`,
    central === undefined ? "At central rates the wall is not met within a hundred years."
      : `The wall is met in ${year(central.year)} at ${flops(central.flops)} FLOPs, ${central.epochs.toFixed(1)} epochs of ${amount(central.stock)} tokens; the earliest is ${met(earliest)}, the latest ${met(latest)}.`,
    ...(interval === undefined ? [] : [`By the resampled fits of the law it is met from ${year(interval.years[0])} to ${year(interval.years[1])} at the same rates (${percent(interval.level)} interval).`]),
    ...(rate === undefined ? [] : [describeRate(rate)]),
    ...(synthetic === undefined || shifted === undefined ? [] : [describeShift(forecast, synthetic, shifted)]),
  ];
}

function cautions({ law, interval, flags }: WallReport): string[] {
  return [
    ...(interval === undefined ? [unsure(law)] : []),
    ...(lossSurface(law).knowsRepetition ? [] : [`The law ${law.law.name} knows no repetition, so that tokens seen again are taken to teach nothing; with a data-constrained law, such as muennighoff-2023, the wall comes later.`]),
    ...(flags.stock === undefined ? [`The stock counts each token once. Epoch AI's "effective stock" of ${amount(effectiveStock.central)} (90 % interval ${amount(effectiveStock.low)} to ${amount(effectiveStock.high)}) already has the worth of repetition in it, which the law adds here.`] : []),
    "Every figure lies far beyond the trainings that the law was fitted to, and after the wall the law says little more than that nothing is gained.",
  ];
}

/** What is assumed, and whose figures they are where none were given. */
function assumptionTable(range: GrowthRange, flags: WallReport["flags"]): PageTable {
  const spread = ({ low, central, high }: Estimate, text: (value: number) => string): string => (low === high ? text(central) : `${text(central)} (${text(low)} to ${text(high)})`);
  const source = (given: unknown, text: string): string => (given === undefined ? text : "as given");
  return { headings: ["assumed", "", "from"], rows: [
    [`largest training, ${range.year}`, `${flops(range.compute)} FLOPs`, source(flags.compute, "Villalobos et al. 2024, note 18")],
    ["its growth a year", spread(range.computeGrowth, (factor) => `${factor}x`), source(flags.computeGrowth, "Sevilla and Roldán 2024")],
    [`different tokens, ${range.year}`, spread(range.stock, amount), source(flags.stock, "Villalobos et al. 2024, table 1 and section 2.3.1")],
    ["their growth a year", spread(range.stockGrowth, percent), source(flags.dataGrowth, "Villalobos et al. 2024, section 2.2.1")],
  ] };
}

function timelineTable(timeline: readonly TrainingOfYear[]): PageTable {
  const rows = timeline.map((training) => [
    String(training.year), flops(training.flops), amount(training.stock), amount(training.parameters), amount(training.tokens),
    training.epochs.toFixed(1), training.loss.toFixed(4), training.unlimitedLoss.toFixed(4), percent(training.share),
  ]);
  return { headings: ["year", "FLOPs", "stock", "N", "D", "epochs", "loss", "unlimited", "next doubling"], rows, right: [1, 2, 3, 4, 5, 6, 7, 8] };
}

function scenarioTable({ scenarios }: WallForecast): PageTable {
  const rows = scenarios.map((scenario) => [
    `${scenario.computeGrowth}x`, percent(scenario.stockGrowth), year(scenario.year), scenario.compute === undefined ? "-" : flops(scenario.compute), ...scenario.range.map(year),
  ]);
  return { headings: ["compute a year", "data a year", "wall", "FLOPs", "small stock", "large stock"], rows, right: [0, 1, 2, 3, 4, 5] };
}

function describeShift({ central }: WallForecast, { tokens, exchangeRate }: SyntheticData, shifted: WallForecast): string {
  const added = `${amount(tokens)} synthetic tokens at ${Number(exchangeRate.toPrecision(3))} real ones each`;
  if (central === undefined || shifted.central === undefined) return `With ${added} the wall is met in ${year(shifted.central?.year)}.`;
  return `${added} move the wall by ${(shifted.central.year - central.year).toFixed(1)} years, to ${year(shifted.central.year)} at ${flops(shifted.central.flops)} FLOPs.`;
}

function met(training: TrainingOfYear | undefined): string {
  return training === undefined ? "beyond a hundred years" : `${year(training.year)} at ${flops(training.flops)} FLOPs`;
}

/** `2030.5` */
function year(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "never" : value.toFixed(1);
}
