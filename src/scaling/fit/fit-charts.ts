/** Pictures of fits of a law: where its loss is alike and best, what it predicts of what was measured, and how it falls. */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../plot/index.ts";
import { lowestBetween } from "../golden-section.ts";
import type { FittedLaw } from "../laws/published.ts";
import { symbolOf, variableOf, type ScaleVariable } from "../laws/power.ts";
import { approximateFlops, type Observation, type Scale } from "../observation.ts";

/** What a picture of a fit shows. */
export interface FitPicture {
  readonly fitted: FittedLaw;
  /** The trainings that the law was fitted to. */
  readonly observations: readonly Observation[];
  /** Trainings that were set aside. */
  readonly aside: readonly Observation[];
}

const steps = 120;
const contours = 7;
/** How far beyond the trainings a picture reaches. */
const margin = 2;

const sizeAxis = { title: "model size N", unit: "parameters", scale: "log" } as const;
const lossAxis = { title: "loss", unit: "nats a token" } as const;

/** The variable of a law that depends on one alone. */
export function soleVariable({ law: { name } }: FittedLaw): ScaleVariable | undefined {
  return (["parameters", "tokens", "flops"] as const).find((variable) => name === `power-${variable}` || name.startsWith(`broken-${variable}-`));
}

/** The picture that says most of a law: contours over N and D, or the loss over its one variable. */
export function fitChart(picture: FitPicture, theme: ThemeName = "light"): Chart {
  const variable = soleVariable(picture.fitted);
  return variable === undefined ? contourChart(picture, theme) : curveChart(picture, variable, theme);
}

/** Sizes and tokens of equal loss, the best size for each compute, and the trainings (as Hoffmann et al. 2022, figure 4). */
function contourChart({ fitted, observations, aside }: FitPicture, theme: ThemeName): Chart {
  const all = [...observations, ...aside];
  const sizes = spaced(all.map(({ parameters }) => parameters));
  const [low, high] = extent(all.map(({ tokens }) => tokens));
  const loss = (parameters: number, tokens: number) => fitted.law.loss(fitted.parameters, { parameters, tokens });
  const [top, bottom] = [loss(sizes[0] ?? NaN, low), loss(sizes.at(-1) ?? NaN, high)];
  const levels = Array.from({ length: contours }, (_, at) => bottom * (top / bottom) ** ((at + 1) / (contours + 1)));
  const lines = levels.map((level): LineSeries => ({
    name: level.toPrecision(3), label: level.toPrecision(3), group: "equal loss", weight: "thin", unlisted: true, points: sizes.flatMap((x) => tokensFor((tokens) => loss(x, tokens), level, low, high).map((y) => ({ x, y }))),
  })).filter(({ points }) => points.length > 1);
  const best = sizes.flatMap((x) => tokensBestFor(fitted, x, low, high).map((y) => ({ x, y })));
  const frontier: LineSeries[] = best.length < 2 ? [] : [{ name: "efficient frontier", style: "dashed", points: best }];
  const markers = (name: string, trainings: readonly Observation[]): LineSeries[] => (trainings.length === 0 ? [] : [{
    name, style: "markers", points: trainings.map(({ parameters, tokens }) => ({ x: parameters, y: tokens })),
  }]);
  return lineChart({
    title: `Equal loss under the law ${fitted.law.name}`, subtitle: `loss in nats a token, every token new; ${fitted.law.formula.length < 70 ? fitted.law.formula : fitted.law.source}`, theme,
    x: sizeAxis, y: { title: "training tokens D", unit: "tokens", scale: "log" }, width: 560, height: 380,
    series: [...lines, ...frontier, ...markers("trainings", observations), ...markers("set aside", aside)],
  });
}

/** The amount between two at which a falling loss has a value; none where it does not. */
function tokensFor(loss: (tokens: number) => number, level: number, low: number, high: number): number[] {
  if (!(loss(low) >= level && loss(high) <= level)) return [];
  let [from, to] = [low, high];
  for (let step = 0; step < 60; step++) {
    const middle = Math.sqrt(from * to);
    if (loss(middle) > level) from = middle;
    else to = middle;
  }
  return [Math.sqrt(from * to)];
}

/** The amount of tokens for which a size is the best at their common compute 6·N·D; none where it lies outside. */
function tokensBestFor({ law, parameters }: FittedLaw, size: number, low: number, high: number): number[] {
  const gain = (tokens: number): number => law.loss(parameters, { parameters: size * 1.001, tokens: tokens / 1.001 }) - law.loss(parameters, { parameters: size / 1.001, tokens: tokens * 1.001 });
  if (!(gain(low) > 0 && gain(high) < 0)) return [];
  return tokensFor(gain, 0, low, high);
}

/** The loss over a law's one variable, the law as a line. */
function curveChart({ fitted, observations, aside }: FitPicture, variable: ScaleVariable, theme: ThemeName): Chart {
  const values = spaced([...observations, ...aside].map((each) => variableOf(variable, each)));
  const scaleAt = (x: number): Scale => ({ parameters: variable === "parameters" ? x : 1, tokens: variable === "tokens" ? x : 1, flops: x });
  const markers = (name: string, trainings: readonly Observation[]): LineSeries[] => (trainings.length === 0 ? [] : [{
    name, style: "markers", points: trainings.map((each) => ({ x: variableOf(variable, each), y: each.loss })),
  }]);
  return lineChart({
    title: `The law ${fitted.law.name}`, theme,
    x: { title: `${variable} ${symbolOf(variable)}`, scale: "log" }, y: { ...lossAxis, scale: "log" }, width: 560, height: 340,
    series: [{ name: "law", points: values.map((x) => ({ x, y: fitted.law.loss(fitted.parameters, scaleAt(x)) })) }, ...markers("trainings", observations), ...markers("set aside", aside)],
  });
}

/** What the law gives against what was measured; on the diagonal they are alike. */
export function agreementChart({ fitted, observations, aside }: FitPicture, theme: ThemeName = "light"): Chart {
  const point = (observation: Observation) => ({ x: observation.loss, y: fitted.law.loss(fitted.parameters, observation) });
  const [points, asidePoints] = [observations.map(point), aside.map(point)];
  const [low, high] = extent([...points, ...asidePoints].flatMap(({ x, y }) => [x, y]), 1.05);
  return lineChart({
    title: "Predicted against measured loss", subtitle: "on the line they are alike", theme,
    x: { title: "measured loss", unit: "nats a token", domain: [low, high] }, y: { title: "predicted loss", unit: "nats a token", domain: [low, high] }, width: 400, height: 400,
    series: [
      { name: "alike", weight: "thin", unlisted: true, points: [{ x: low, y: low }, { x: high, y: high }] },
      { name: "trainings", style: "markers", points },
      ...(asidePoints.length === 0 ? [] : [{ name: "set aside", style: "markers" as const, points: asidePoints }]),
    ],
  });
}

/** Measured losses over compute, and the lowest that the law has for each; compute is 6·N·D, which is what a law of N and D knows. */
export function frontierChart({ fitted, observations, aside }: FitPicture, theme: ThemeName = "light"): Chart {
  const all = [...observations, ...aside];
  const computes = spaced(all.map(approximateFlops));
  const [low, high] = extent(all.map(({ parameters }) => parameters), 30);
  const lowest = (flops: number): number => {
    const lossAt = (logSize: number) => fitted.law.loss(fitted.parameters, { parameters: Math.exp(logSize), tokens: flops / (6 * Math.exp(logSize)) });
    return lossAt(lowestBetween(lossAt, Math.log(low), Math.log(high)));
  };
  const markers = (name: string, trainings: readonly Observation[]): LineSeries[] => (trainings.length === 0 ? [] : [{
    name, style: "markers", points: trainings.map((each) => ({ x: approximateFlops(each), y: each.loss })),
  }]);
  return lineChart({
    title: "Loss against compute", theme, x: { title: "compute C = 6 N D", unit: "floating-point operations", scale: "log" }, y: lossAxis, width: 560, height: 340,
    series: [{ name: "efficient frontier", points: computes.map((x) => ({ x, y: lowest(x) })) }, ...markers("trainings", observations), ...markers("set aside", aside)],
  });
}

function extent(values: readonly number[], beyond = margin): [number, number] {
  return [Math.min(...values) / beyond, Math.max(...values) * beyond];
}

function spaced(values: readonly number[]): number[] {
  const [low, high] = extent(values);
  return Array.from({ length: steps }, (_, at) => low * (high / low) ** (at / (steps - 1)));
}
