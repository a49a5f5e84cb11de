/** Pictures of plans: loss against compute, and where the data runs out. */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../plot/index.ts";
import type { Estimate } from "./data-stock.ts";
import type { LossSurface } from "./loss-surface.ts";
import { bestTraining } from "./optimum.ts";
import { DEFAULT_SHARE, dataWall, type DataWall } from "./wall.ts";

/** A stock of tokens that a curve is drawn for. */
export interface DrawnStock {
  readonly name: string;
  readonly uniqueTokens: number;
}

export interface PlanChartOptions {
  readonly title: string;
  /** A training to mark, with the interval of its loss where known. */
  readonly training?: { readonly name: string; readonly compute: number; readonly loss: number; readonly interval?: readonly [number, number] };
  /** Each gets its curve, its limit and its wall. */
  readonly stocks: readonly DrawnStock[];
  readonly share?: number;
  /** `light` unless given. */
  readonly theme?: ThemeName;
}

/** Points of a curve. */
const STEPS = 160;

/**
 * The lowest loss against compute: with unlimited data, with each stock, and the walls.
 *
 * The picture reaches from a hundredth of the marked training, or a thirtieth of the compute that reads the smallest stock
 * once, to ten times the farthest wall or a hundred times the training.
 */
export function lossAgainstCompute(surface: LossSurface, { title, training, stocks, share = DEFAULT_SHARE, theme = "light" }: PlanChartOptions): Chart {
  const walls = stocks.map(({ uniqueTokens }) => dataWall(surface, uniqueTokens, { share }));
  const from = Math.min(...walls.map(({ readOnce }) => readOnce.flops / 30), ...(training === undefined ? [] : [training.compute / 100]));
  const to = Math.max(...walls.map(({ returns }) => returns.flops * 10), ...(training === undefined ? [] : [training.compute * 100]));
  const computes = Array.from({ length: STEPS + 1 }, (_, step) => from * (to / from) ** (step / STEPS));
  const curve = (uniqueTokens: number): LineSeries["points"] => computes.map((compute) => ({ x: compute, y: bestTraining(surface, { compute, uniqueTokens }).loss }));
  const top = bestTraining(surface, { compute: from }).loss;
  return lineChart({
    title, theme,
    subtitle: stocks.length === 0 ? "the best model and tokens at each compute" : `wall: the next doubling of compute brings ${percent(share)} of what unlimited data would give`,
    x: { title: "compute C = 6 N D", unit: "floating-point operations", scale: "log" },
    y: { title: "loss", unit: "nats a token" },
    width: 560, height: 340, uncertainty: "bars",
    series: [
      { name: "unlimited data", points: curve(Infinity) },
      ...stocks.flatMap(({ name, uniqueTokens }, at) => [{ name, group: name, points: curve(uniqueTokens) }, ...wallSeries(name, walls[at], top)]),
      ...(training === undefined ? [] : [{
        name: training.name, style: "markers" as const,
        points: [{ x: training.compute, y: training.loss, ...(training.interval !== undefined && { lower: training.interval[0], upper: training.interval[1] }) }],
      }]),
    ],
  });
}

function wallSeries(name: string, wall: DataWall | undefined, top: number): LineSeries[] {
  if (wall === undefined) return [];
  const { flops, loss } = wall.returns;
  return [{ name: `wall of ${name}`, group: name, style: "dashed", label: "wall", points: [{ x: flops, y: top }, { x: flops, y: loss }] }];
}

/** What the data of each year is set against. */
export interface TokensOfYear {
  readonly year: number;
  /** Different tokens there are. */
  readonly stock: Estimate;
  /** Tokens that the best training of the year would read if all were new. */
  readonly wanted: number;
}

/** The tokens that the largest trainings would read, and those that there are, year by year. */
export function tokensByYear(title: string, years: readonly TokensOfYear[], theme: ThemeName = "light"): Chart {
  return lineChart({
    title, theme,
    subtitle: "what there is, with its interval, and what the largest training would read if all were new",
    x: { title: "year", format: "d" },
    y: { title: "tokens", scale: "log" },
    width: 560, height: 340,
    series: [
      { name: "different tokens there are", points: years.map(({ year, stock }) => ({ x: year, y: stock.central, lower: stock.low, upper: stock.high })) },
      { name: "tokens wanted", points: years.map(({ year, wanted }) => ({ x: year, y: wanted })) },
    ],
  });
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
