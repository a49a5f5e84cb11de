/** A fit with everything that is told of it: intervals, what stays loose, and how it predicts what it did not see. */
import { percentileInterval } from "../../metrics/quantile.ts";
import type { Interval, LawRange, SavedLaw } from "../laws/law-file.ts";
import type { LawParameters } from "../laws/law.ts";
import { flopsOf, type Observation } from "../observation.ts";
import { distributions } from "../slopes/distributions.ts";
import { bootstrapParameters, bootstrapTwoSteps, fitInTwoSteps, fitLaw, leaveOneOut, type FitOptions, type LawFit } from "./fit-law.ts";
import { predict, type Prediction } from "./goodness.ts";
import { profileIntervals } from "./profile.ts";

/** How a fit is examined. */
export interface AnalysisOptions extends FitOptions {
  /** Chinchilla's part from trainings on new data alone, RN and RD from the others; of the data-constrained law only. */
  readonly twoSteps?: boolean;
  /** The share of cases in which an interval is to hold the true value; 0.9 unless given. */
  readonly level?: number;
  /** Resampled fits; 4000 unless given. */
  readonly repetitions?: number;
  /** A whole number from 0 to 2³² − 1; 0 unless given. */
  readonly seed?: number;
  /** Trainings that were not fitted to, to be predicted. */
  readonly aside?: readonly Observation[];
}

export type Intervals = Readonly<Record<string, Interval>>;

/** A prediction with the interval in which the measured loss is expected, the trainings' scatter included. */
export interface HeldOut extends Prediction {
  readonly interval: Interval | undefined;
}

/** A fit and what is known of it. */
export interface Analysis {
  readonly fit: LawFit;
  readonly level: number;
  /** By profile likelihood. */
  readonly intervals: Intervals;
  /** Percentiles of the resampled fits; none where there are no resamples. */
  readonly bootstrapIntervals: Intervals;
  readonly draws: readonly LawParameters[];
  /** Parameters that the trainings leave open by a factor of a hundred, or of which they do not tell the sign. */
  readonly loose: readonly string[];
  readonly leftOut: readonly Prediction[];
  readonly heldOut: readonly HeldOut[];
}

/** A positive parameter whose interval spans this factor is loose. */
const looseFactor = 100;

/**
 * Fits a law and examines the fit.
 *
 * Profile-likelihood intervals are the ones to read: those of resampled trainings are too wide where delta is below the
 * trainings' scatter, as is known of least absolute deviations. The resamples give the intervals of predictions.
 *
 * @throws ScalingError when the trainings cannot determine the law
 */
export async function analyse(lawName: string, observations: readonly Observation[], options: AnalysisOptions = {}): Promise<Analysis> {
  const { level = 0.9, repetitions = 4000, seed = 0, aside = [], twoSteps = false, ...fitOptions } = options;
  const tails = await distributions();
  const steps = twoSteps ? fitInTwoSteps(observations, fitOptions) : undefined;
  const fit = steps?.second ?? fitLaw(lawName, observations, fitOptions);
  const profile = ({ objective, optimum, restrictions }: LawFit): Intervals => profileIntervals(objective, optimum, {
    restrictions, quantile: tails.intervalWidth(level, objective.points - optimum.length),
  });
  const intervals = { ...(steps !== undefined && profile(steps.first)), ...profile(fit) };
  const draws = steps === undefined ? bootstrapParameters(fit, { repetitions, seed }) : bootstrapTwoSteps(steps, { repetitions, seed });
  const bootstrapIntervals = repetitions === 0 ? {} : Object.fromEntries(Object.keys(intervals).map((name) => [name, percentileInterval(draws.map((draw) => draw[name] ?? NaN), level)]));
  const heldOut = aside.map((observation) => ({ ...predict(fit.law, fit.parameters, observation), interval: predictionInterval(fit, draws, observation, level) }));
  return { fit, level, intervals, bootstrapIntervals, draws, loose: looseOf(fit, intervals), leftOut: leaveOneOut(fit), heldOut };
}

function looseOf({ objective: { slots: { form } } }: LawFit, intervals: Intervals): string[] {
  const kindOf = (name: string) => form.kinds[form.law.parameterNames.indexOf(name)];
  return Object.entries(intervals).filter(([name, [low, high]]) => (kindOf(name) === "log" ? !(high < looseFactor * low) : !(Number.isFinite(low) && Number.isFinite(high) && low * high > 0))).map(([name]) => name);
}

/** Where the loss of a training is expected: resampled laws, each with one of the residuals. */
function predictionInterval({ law, objective, optimum }: LawFit, draws: readonly LawParameters[], observation: Observation, level: number): Interval | undefined {
  if (draws.length === 0) return undefined;
  const residuals = objective.residuals(optimum);
  const inflation = Math.sqrt(objective.points / Math.max(1, objective.points - optimum.length));
  return percentileInterval(draws.map((draw, at) => law.loss(draw, observation) * Math.exp(-inflation * (residuals[at % residuals.length] ?? 0))), level);
}

/** The law as {@link SavedLaw} keeps it. */
export function savedLaw({ fit, level, intervals, draws }: Analysis, source: string, observations: readonly Observation[]): SavedLaw {
  return { law: fit.law, parameters: fit.parameters, source, points: observations.length, range: rangeOf(observations), level, intervals, draws };
}

function rangeOf(observations: readonly Observation[]): LawRange {
  const range = (of: (observation: Observation) => number): Interval => {
    const values = observations.map(of);
    return [Math.min(...values), Math.max(...values)];
  };
  return { parameters: range(({ parameters }) => parameters), tokens: range(({ tokens }) => tokens), flops: range(flopsOf), loss: range(({ loss }) => loss) };
}
