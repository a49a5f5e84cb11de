import { chinchilla } from "../../laws/chinchilla.ts";
import type { Scale } from "../../observation.ts";
import { grid, logarithms, type LawForm, type LogLoss } from "./form.ts";

/**
 * `log L = log(exp(e) + exp(a - alpha log N) + exp(b - beta log D))`, with e, a and b the logarithms of E, A and B:
 * the form and the grid of 4,500 starts of Hoffmann et al. 2022, appendix D.2.
 */
export const chinchillaForm: LawForm = {
  law: chinchilla,
  kinds: ["log", "log", "log", "linear", "linear"],
  exponents: ["alpha", "beta"],
  bind,
  starts: () => grid([-1, -0.5, 0, 0.5, 1], [0, 5, 10, 15, 20, 25], [0, 5, 10, 15, 20, 25], [0, 0.5, 1, 1.5, 2], [0, 0.5, 1, 1.5, 2]),
};

function bind(scales: readonly Scale[]): LogLoss {
  const logN = logarithms(scales.map(({ parameters }) => parameters));
  const logD = logarithms(scales.map(({ tokens }) => tokens));
  return (point, coordinates, gradient) => {
    const [n, d] = [logN[point] ?? 0, logD[point] ?? 0];
    const irreducible = coordinates[0] ?? 0;
    const ofSize = (coordinates[1] ?? 0) - (coordinates[3] ?? 0) * n;
    const ofData = (coordinates[2] ?? 0) - (coordinates[4] ?? 0) * d;
    const largest = Math.max(irreducible, ofSize, ofData);
    const [x, y, z] = [Math.exp(irreducible - largest), Math.exp(ofSize - largest), Math.exp(ofData - largest)];
    const sum = x + y + z;
    gradient[0] = x / sum;
    gradient[1] = y / sum;
    gradient[2] = z / sum;
    gradient[3] = (-n * y) / sum;
    gradient[4] = (-d * z) / sum;
    return largest + Math.log(sum);
  };
}
