/** Pictures of Approaches 1 and 2 (Hoffmann et al. 2022, figures 2 and 3). */
import { lineChart, type Chart, type LineSeries, type ThemeName } from "../../../plot/index.ts";
import { flopsOf } from "../../observation.ts";
import type { EnvelopeFit } from "./envelope.ts";
import type { IsoflopFit } from "./isoflop.ts";
import type { Allocation, BestAtCompute } from "./power-fit.ts";

const steps = 60;
const lossAxis = { title: "loss", unit: "nats a token" } as const;
const computeAxis = { title: "compute C", unit: "floating-point operations", scale: "log" } as const;
const sizeAxis = { title: "model size N", unit: "parameters", scale: "log" } as const;

/** The loss over the size at each compute, with the parabolas and their minima. */
export function valleyChart({ valleys }: IsoflopFit, theme: ThemeName = "light"): Chart {
  const series = valleys.flatMap(({ flops, parameters, loss, curvature, trainings }): LineSeries[] => {
    const name = flops.toExponential(1);
    const sizes = trainings.map((each) => each.parameters);
    const [low, high] = [Math.min(...sizes, parameters), Math.max(...sizes, parameters)];
    const line = Array.from({ length: steps }, (_, at) => low * (high / low) ** (at / (steps - 1)));
    return [
      { name, style: "markers", points: trainings.map((each) => ({ x: each.parameters, y: each.loss })) },
      { name, points: line.map((x) => ({ x, y: loss + curvature * Math.log(x / parameters) ** 2 })) },
    ];
  });
  return lineChart({
    title: "IsoFLOP valleys", subtitle: "by compute in floating-point operations; dashed through the minima", theme, x: sizeAxis, y: lossAxis, width: 560, height: 380,
    series: [...series, { name: "minima", style: "dashed", points: valleys.map(({ parameters, loss }) => ({ x: parameters, y: loss })) }],
  });
}

/** The curves of the trainings, and the lowest of them at each compute. */
export function envelopeChart({ curves, envelope }: EnvelopeFit, theme: ThemeName = "light"): Chart {
  return lineChart({
    title: "Training curves and their envelope", theme, x: computeAxis, y: { ...lossAxis, scale: "log" }, width: 560, height: 380,
    series: [
      ...curves.map(({ name, measurements }): LineSeries => ({ name, points: measurements.map((each) => ({ x: flopsOf(each), y: each.loss })) })),
      { name: "envelope", style: "dashed", points: envelope.map(({ flops, loss }) => ({ x: flops, y: loss })) },
    ],
  });
}

/** The best size over compute, and the power law through it. */
export function allocationChart(best: readonly BestAtCompute[], { a, kN }: Allocation, theme: ThemeName = "light"): Chart {
  return lineChart({
    title: `Best size: N = ${kN.toPrecision(3)} C^${a.toFixed(3)}`, theme, x: computeAxis, y: sizeAxis, width: 560, height: 300,
    series: [
      { name: "best size", style: "markers", points: best.map(({ flops, parameters }) => ({ x: flops, y: parameters })) },
      { name: "power law", points: best.map(({ flops }) => ({ x: flops, y: kN * flops ** a })) },
    ],
  });
}
