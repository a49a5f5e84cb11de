/** The likelihood whose maximum is the Huber fit, and what it says of several laws. */
import cephes from "cephes";
import { lowestBetween } from "../golden-section.ts";
import type { LawFit } from "./fit-law.ts";
import { listed } from "./identify.ts";

/** Below this difference of AIC a law with the larger one is as well supported (Burnham and Anderson 2002, section 2.6). */
const equallySupported = 2;
/** From here on the error function is 1 in double precision; Cephes refuses arguments far beyond. */
const erfIsOne = 6;

/** A law among others that were fitted to the same trainings. */
export interface ComparedLaw {
  readonly law: string;
  /** Free parameters, the scale of the residuals included. */
  readonly freedoms: number;
  readonly logLikelihood: number;
  /** Akaike's criterion, in its form for small samples (Hurvich and Tsai 1989). */
  readonly aic: number;
  /** Schwarz's criterion. */
  readonly bic: number;
  /** Beyond the best law's. */
  readonly aicDifference: number;
  /** Of half that difference, from the trainings' single log-likelihoods (Vuong 1989); 0 for the best law. */
  readonly standardError: number;
  /** Whether the trainings speak against it: the difference is at least 2, and more than two standard errors. */
  readonly isWorse: boolean;
}

/** Laws from the best to the worst by AIC, and in a sentence whether the trainings can tell them apart. */
export interface Comparison {
  readonly laws: readonly ComparedLaw[];
  readonly verdict: string;
}

/**
 * Compares fits to the same trainings with the same delta.
 *
 * The residuals' density is proportional to exp(-ρ(r) / τ), with ρ Huber's loss, so that for every τ the fit of the least
 * objective is the likeliest; τ is the likeliest too.
 */
export async function compareFits(fits: readonly LawFit[]): Promise<Comparison> {
  await cephes.compiled;
  const rated = fits.map((fit) => {
    const pointwise = logLikelihoods(fit);
    const [points, freedoms] = [pointwise.length, fit.optimum.length + 1];
    const logLikelihood = pointwise.reduce((sum, value) => sum + value, 0);
    const correction = points > freedoms + 1 ? (2 * freedoms * (freedoms + 1)) / (points - freedoms - 1) : Infinity;
    return { law: fit.law.name, pointwise, freedoms, logLikelihood, aic: 2 * freedoms - 2 * logLikelihood + correction, bic: freedoms * Math.log(points) - 2 * logLikelihood };
  }).sort((a, b) => a.aic - b.aic);
  const [best] = rated;
  const laws = rated.map(({ pointwise, ...law }): ComparedLaw => {
    const aicDifference = law.aic - (best?.aic ?? NaN);
    const standardError = spread(pointwise.map((value, at) => value - (best?.pointwise[at] ?? NaN)));
    return { ...law, aicDifference, standardError, isWorse: aicDifference >= equallySupported && aicDifference / 2 > 2 * standardError };
  });
  return { laws, verdict: judge(laws) };
}

function judge(laws: readonly ComparedLaw[]): string {
  const [best, ...others] = laws;
  if (best === undefined) return "";
  const equal = others.filter(({ isWorse }) => !isWorse);
  const worse = others.filter(({ isWorse }) => isWorse).map(({ law, aicDifference }) => `${law} by ${aicDifference.toFixed(1)}`);
  const apart = worse.length === 0 ? "" : `${best.law} fits better than ${listed(worse)} in AIC.`;
  if (equal.length === 0) return apart;
  const close = equal.map(({ law, aicDifference, standardError }) => `${law} by ${aicDifference.toFixed(1)} ± ${(2 * standardError).toFixed(1)}`);
  return `The data cannot tell ${listed([best.law, ...equal.map(({ law }) => law)])} apart: in AIC ${best.law} is ahead of ${listed(close)}.${apart === "" ? "" : ` ${apart}`}`;
}

/** The log-density of each training's residual. */
function logLikelihoods({ objective, optimum, value }: LawFit): Float64Array {
  const { delta, points } = objective;
  const cost = (logTau: number): number => value / Math.exp(logTau) + points * logNormaliser(Math.exp(logTau), delta);
  const guess = Math.log(Math.max(value, Number.MIN_VALUE) / points);
  const tau = Math.exp(lowestBetween(cost, guess - 5, guess + 5));
  const norm = logNormaliser(tau, delta);
  return objective.residuals(optimum).map((residual) => {
    const size = Math.abs(residual);
    return -(size <= delta ? (size * size) / 2 : delta * (size - delta / 2)) / tau - norm;
  });
}

/** The logarithm of ∫ exp(-ρ(r) / τ) dr. */
function logNormaliser(tau: number, delta: number): number {
  const inner = Math.sqrt(2 * Math.PI * tau) * cephes.erf(Math.min(erfIsOne, delta / Math.sqrt(2 * tau)));
  return Math.log(Number.isFinite(delta) ? inner + ((2 * tau) / delta) * Math.exp((-delta * delta) / (2 * tau)) : Math.sqrt(2 * Math.PI * tau));
}

/** The standard error of a sum of differences. */
function spread(differences: Float64Array): number {
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt((squares * differences.length) / Math.max(1, differences.length - 1));
}
