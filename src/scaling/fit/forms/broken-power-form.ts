import { philox } from "../../../metrics/counter-random.ts";
import { brokenPowerLaw } from "../../laws/broken-power.ts";
import { variableOf, type ScaleVariable } from "../../laws/power.ts";
import type { Observation } from "../../observation.ts";
import { logarithms, median, type LawForm } from "./form.ts";

const drawnStarts = 4000;

/**
 * `log L = log(exp(log a) + exp(log b - c0 log X - Σ c_i f_i log(1 + exp((log X - log d_i) / f_i))))`.
 * Starts are drawn evenly: breaks within the range of X, exponents up to 1, the limit below the smallest loss.
 */
export function brokenPowerForm(variable: ScaleVariable, breaks: number): LawForm {
  return {
    law: brokenPowerLaw(variable, breaks),
    kinds: ["log", "log", "linear", ...Array.from({ length: breaks }, () => ["linear", "log", "log"] as const).flat()],
    bind: (scales) => {
      const logX = logarithms(scales.map((scale) => variableOf(variable, scale)));
      return (point, coordinates, gradient) => {
        const x = logX[point] ?? 0;
        const [limit, scale, slope] = [coordinates[0] ?? 0, coordinates[1] ?? 0, coordinates[2] ?? 0];
        let falling = scale - slope * x;
        for (let at = 3; at < coordinates.length; at += 3) {
          const [change, place, width] = [coordinates[at] ?? 0, coordinates[at + 1] ?? 0, Math.exp(coordinates[at + 2] ?? 0)];
          const t = (x - place) / width;
          const softplus = Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)));
          const sigmoid = 1 / (1 + Math.exp(-t));
          falling -= change * width * softplus;
          gradient[at] = -width * softplus;
          gradient[at + 1] = change * sigmoid;
          gradient[at + 2] = -change * width * (softplus - t * sigmoid);
        }
        const largest = Math.max(limit, falling);
        const [p, q] = [Math.exp(limit - largest), Math.exp(falling - largest)];
        const share = q / (p + q);
        gradient[0] = p / (p + q);
        gradient[1] = share;
        gradient[2] = -share * x;
        for (let at = 3; at < coordinates.length; at++) gradient[at] = share * (gradient[at] ?? 0);
        return largest + Math.log(p + q);
      };
    },
    starts: (observations) => starts(observations, variable, breaks),
  };
}

function starts(observations: readonly Observation[], variable: ScaleVariable, breaks: number): Float64Array[] {
  const logX = logarithms(observations.map((observation) => variableOf(variable, observation))).sort();
  const losses = observations.map((observation) => observation.loss);
  const [low, high] = [logX[0] ?? 0, logX.at(-1) ?? 0];
  const [middle, loss, least] = [median(logX), median(losses), Math.min(...losses)];
  return Array.from({ length: drawnStarts }, (_, draw) => {
    const even = (at: number, from: number, to: number): number => from + (to - from) * (philox(0, at, draw)[0] / 2 ** 32);
    const limit = least * even(0, 0.01, 1);
    const slope = even(1, 0, 1);
    const bends = Array.from({ length: breaks }, (_, i) => [even(3 * i + 2, -1, 1), even(3 * i + 3, low, high), even(3 * i + 4, -3, 1)]);
    return Float64Array.of(Math.log(limit), Math.log(loss - limit * 0.99) + slope * middle, slope, ...bends.flat());
  });
}
