import type { Observation } from "../../observation.ts";
import { grid, logarithms, median } from "./form.ts";

const exponents = [0.1, 0.2, 0.35, 0.6, 1];
const decays = [1, 5, 25];
/** Where between the smallest and the largest training's size, in logarithms, lies that which the middle amount of data could fill. */
const shares = [-0.15, 0.15, 0.4, 0.65, 0.95];
/** The irreducible part is at least this share of the smallest loss, for its logarithm must be finite. */
const leastShare = 1e-3;

/**
 * Starts for the data-constrained law, as coordinates of its form. The grid is over the exponents, the decays and the size `Un`
 * that a data set could fill, taken from the trainings' own sizes: `Un` fixes A / B, so that E and B follow by linear least
 * squares of the relative residuals, and each start is the best of its place on the grid.
 */
export function dataConstrainedStarts(observations: readonly Observation[]): Float64Array[] {
  const logN = logarithms(observations.map(({ parameters }) => parameters));
  const middle = median(logarithms(observations.map(({ tokens, uniqueTokens = tokens }) => uniqueTokens)));
  const [low, high] = [Math.min(...logN), Math.max(...logN)];
  return grid(exponents, exponents, shares, decays, decays).map(([alpha = 1, beta = 1, share = 0, decayN = 1, decayD = 1]) => {
    const filled = low + share * (high - low);
    const growth = beta / alpha;
    // log Un = q (1 + r) + r log U at the middle U; log A - log B = (alpha + beta) q - log(alpha / beta).
    const logRatio = (alpha + beta) * (filled - growth * middle) / (1 + growth) - Math.log(alpha / beta);
    const ofSize = (at: number, uniqueTokens: number): number => logWorth(logN[at] ?? 0, filled + growth * (Math.log(uniqueTokens) - middle), decayN);
    const falling = observations.map(({ tokens, uniqueTokens = tokens }, at) => {
      const ofData = logWorth(Math.log(tokens), Math.log(uniqueTokens), decayD);
      return Math.exp(logRatio - alpha * ofSize(at, uniqueTokens)) + Math.exp(-beta * ofData);
    });
    const [E, B] = linearParts(falling, observations);
    const logB = Math.log(B);
    return Float64Array.of(Math.log(E), logB + logRatio, logB, alpha, beta, Math.log(decayN), Math.log(decayD));
  });
}

/** The logarithm of what an amount is worth when only `base` of it is new and the worth of the rest decays; all in logarithms. */
function logWorth(amount: number, base: number, decay: number): number {
  return amount <= base ? amount : base + Math.log1p(-decay * Math.expm1(-Math.expm1(amount - base) / decay));
}

/** E and B that bring E + B · falling nearest to the losses, relative to these; B is below zero where the losses do not fall. */
function linearParts(falling: readonly number[], observations: readonly Observation[]): [E: number, B: number] {
  let [ww, wf, ff, w, f] = [0, 0, 0, 0, 0];
  observations.forEach(({ loss }, at) => {
    const [one, part] = [1 / loss, (falling[at] ?? 0) / loss];
    ww += one * one;
    wf += one * part;
    ff += part * part;
    w += one;
    f += part;
  });
  const least = leastShare * Math.min(...observations.map(({ loss }) => loss));
  const E = Math.max((w * ff - f * wf) / (ww * ff - wf * wf), least);
  return [E, (f - E * wf) / ff];
}
