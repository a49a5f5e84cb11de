import { kaplan } from "../../laws/kaplan.ts";
import type { Observation, Scale } from "../../observation.ts";
import { grid, logarithms, median, type LawForm, type LogLoss } from "./form.ts";

const exponents = [0.03, 0.06, 0.12, 0.25, 0.5, 1];
/** Which share of the middle loss a part alone would give. */
const shares = [0.3, 0.6, 0.95];

/**
 * `log L = alphaD log(exp(r (c - log N)) + exp(d - log D))` with r = alphaN / alphaD, c and d the logarithms of Nc and Dc.
 * Starts lie on a grid of exponents and of the shares that the size and the data have in the loss of the middle training.
 */
export const kaplanForm: LawForm = {
  law: kaplan,
  kinds: ["log", "log", "linear", "linear"],
  exponents: ["alphaN", "alphaD"],
  bind,
  starts,
};

function bind(scales: readonly Scale[]): LogLoss {
  const logN = logarithms(scales.map(({ parameters }) => parameters));
  const logD = logarithms(scales.map(({ tokens }) => tokens));
  return (point, coordinates, gradient) => {
    const [alphaN, alphaD] = [coordinates[2] ?? 0, coordinates[3] ?? 0];
    const ratio = alphaN / alphaD;
    const n = (coordinates[0] ?? 0) - (logN[point] ?? 0);
    const ofSize = ratio * n;
    const ofData = (coordinates[1] ?? 0) - (logD[point] ?? 0);
    const largest = Math.max(ofSize, ofData);
    const [x, y] = [Math.exp(ofSize - largest), Math.exp(ofData - largest)];
    const sum = x + y;
    const logSum = largest + Math.log(sum);
    const shareOfSize = x / sum;
    gradient[0] = alphaN * shareOfSize;
    gradient[1] = (alphaD * y) / sum;
    gradient[2] = shareOfSize * n;
    gradient[3] = logSum - shareOfSize * ofSize;
    return alphaD * logSum;
  };
}

function starts(observations: readonly Observation[]): Float64Array[] {
  const n = median(logarithms(observations.map(({ parameters }) => parameters)));
  const d = median(logarithms(observations.map(({ tokens }) => tokens)));
  const loss = Math.log(median(observations.map((observation) => observation.loss)));
  return grid(shares, shares, exponents, exponents).map(([shareN = 1, shareD = 1, alphaN = 1, alphaD = 1]) => Float64Array.of(
    n + (loss + Math.log(shareN)) / alphaN, d + (loss + Math.log(shareD)) / alphaD, alphaN, alphaD,
  ));
}
