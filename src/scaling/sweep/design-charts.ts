/** Pictures of a sweep before it is run: which trainings it has, and what they cost. */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../plot/index.ts";
import type { PlannedTraining } from "./design.ts";

/** How far beyond the trainings a picture reaches. */
const margin = 1.5;
/** Lines of equal compute lie a decade apart where there are at least so many. */
const fewDecades = 2;

const sizeAxis = { title: "model size N", unit: "parameters", scale: "log", format: "~s" } as const;
const tokensAxis = { title: "training tokens D", unit: "tokens", scale: "log", format: "~s" } as const;

/** The trainings over their size and tokens, with lines of equal compute 6·N·D. */
export function designChart(planned: readonly PlannedTraining[], theme: ThemeName = "light"): Chart {
  const sizes = extent(planned.map(({ size }) => size.parameters));
  const tokens = extent(planned.map(({ size }) => size.tokens));
  const markers = (name: string, trainings: readonly PlannedTraining[]): LineSeries[] => (trainings.length === 0 ? [] : [{
    name, style: "markers", points: trainings.map(({ size }) => ({ x: size.parameters, y: size.tokens })),
  }]);
  return lineChart({
    title: `${planned.length} trainings`, subtitle: "lines of equal compute 6 N D, in floating-point operations", theme,
    x: { ...sizeAxis, domain: sizes }, y: { ...tokensAxis, domain: tokens }, width: 560, height: 380,
    series: [
      ...computeLevels(6 * sizes[0] * tokens[0], 6 * sizes[1] * tokens[1]).flatMap((flops) => equalCompute(flops, sizes, tokens)),
      ...markers("every token once", planned.filter(({ size }) => size.epochs <= 1)),
      ...markers("tokens seen again", planned.filter(({ size }) => size.epochs > 1)),
    ],
  });
}

/** Powers of ten between two computes; 1, 2 and 5 times these where there are few. */
function computeLevels(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const multiples = Math.log10(high / low) >= fewDecades ? [1] : [1, 2, 5];
  return Array.from({ length: last - first + 1 }, (_, at) => first + at).flatMap((power) => multiples.map((multiple) => multiple * 10 ** power))
    .filter((level) => level > low && level < high);
}

/** The part of the line 6·N·D = C that lies in the picture. */
function equalCompute(flops: number, sizes: readonly [number, number], tokens: readonly [number, number]): LineSeries[] {
  const [low, high] = [Math.max(sizes[0], flops / (6 * tokens[1])), Math.min(sizes[1], flops / (6 * tokens[0]))];
  const steps = 20;
  const points = Array.from({ length: steps + 1 }, (_, at) => low * (high / low) ** (at / steps)).map((x) => ({ x, y: flops / (6 * x) }));
  const name = flops.toExponential(0).replace("e+", "e");
  return [{ name, label: name, group: "equal compute", weight: "thin", unlisted: true, points }];
}

/** How long each training takes, and each together with all that take fewer operations. */
export function costChart(planned: readonly PlannedTraining[], secondsOf: (training: PlannedTraining) => number, theme: ThemeName = "light"): Chart {
  const ordered = [...planned].sort((a, b) => a.size.flops - b.size.flops);
  const [unit, length] = timeUnit(ordered.reduce((sum, each) => sum + secondsOf(each), 0));
  let together = 0;
  const costs = ordered.map((each) => {
    const time = secondsOf(each) / length;
    together += time;
    return { flops: each.size.flops, time, together };
  });
  return lineChart({
    title: "What the trainings cost", subtitle: "one after the other, from the fewest operations to the most", theme,
    x: { title: "compute of a training, counted", unit: "floating-point operations", scale: "log" }, y: { title: "time", unit, scale: "log" }, width: 560, height: 300,
    series: [
      { name: "each", style: "markers", points: costs.map(({ flops, time }) => ({ x: flops, y: time })) },
      { name: "with all smaller ones", points: costs.map((cost) => ({ x: cost.flops, y: cost.together })) },
    ],
  });
}

function timeUnit(seconds: number): readonly [name: string, seconds: number] {
  if (seconds > 2 * 3600) return ["hours", 3600];
  return seconds > 120 ? ["minutes", 60] : ["seconds", 1];
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values) / margin, Math.max(...values) * margin];
}
