import { powerLaw, variableOf, type ScaleVariable } from "../../laws/power.ts";
import { logarithms, median, type LawForm } from "./form.ts";

/** `log L = alpha (log Xc - log X)`: a straight line, so a start on any slope through the middle training will do. */
export function powerForm(variable: ScaleVariable): LawForm {
  return {
    law: powerLaw(variable),
    kinds: ["log", "linear"],
    bind: (scales) => {
      const logX = logarithms(scales.map((scale) => variableOf(variable, scale)));
      return (point, coordinates, gradient) => {
        const distance = (coordinates[0] ?? 0) - (logX[point] ?? 0);
        const alpha = coordinates[1] ?? 0;
        gradient[0] = alpha;
        gradient[1] = distance;
        return alpha * distance;
      };
    },
    starts: (observations) => {
      const x = median(logarithms(observations.map((observation) => variableOf(variable, observation))));
      const loss = Math.log(median(observations.map((observation) => observation.loss)));
      return [0.03, 0.1, 0.3, 1].map((alpha) => Float64Array.of(x + loss / alpha, alpha));
    },
  };
}
