import type { LawParameters } from "../laws/law.ts";
import type { FittedLaw } from "../laws/published.ts";
import { flopsOf, type Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import { bootstrap } from "./bootstrap.ts";
import { formNamed } from "./forms/catalogue.ts";
import { determination, predict, type Prediction } from "./goodness.ts";
import { HuberObjective } from "./huber-objective.ts";
import { checkIdentified, checkTrainings } from "./identify.ts";
import { defaultDescents, findOptimum, Whitening } from "./optimise.ts";
import { Slots, type Restrictions } from "./slots.ts";
import { projectChinchilla } from "./variable-projection.ts";

/** How a law is fitted. */
export interface FitOptions extends Restrictions {
  /** Residuals of the log-loss beyond this count only linearly; 0.001 unless given (Hoffmann et al. 2022). Infinite for least squares. */
  readonly delta?: number;
  /** From how many of the starts the optimiser goes on; 24 unless given. */
  readonly descents?: number;
}

export const defaultDelta = 1e-3;

/** A law at the best values of its parameters for some trainings. */
export interface LawFit extends FittedLaw {
  readonly objective: HuberObjective;
  /** The optimum as the objective's free variables. */
  readonly optimum: Float64Array;
  /** The sum over trainings of Huber's loss of the residual of the log-loss. */
  readonly value: number;
  /** The share of the losses' variance that the law explains. */
  readonly r2: number;
  /** How nearly some parameters can change together unseen: of the Jacobian, its columns scaled to length 1. */
  readonly condition: number;
  readonly restrictions: Restrictions;
}

/**
 * Fits a law of growth to trainings.
 *
 * @example
 * const fit = fitLaw("chinchilla", await readObservations("runs.csv"));
 * console.log(fit.parameters.alpha, fit.r2);
 * @param lawName as in `lawNamed`: `chinchilla`, `kaplan`, `data-constrained`, `power-tokens`, `broken-flops-1`, …
 * @throws ScalingError when the trainings cannot determine the law; it says which parameters are loose and why
 */
export function fitLaw(lawName: string, observations: readonly Observation[], { delta = defaultDelta, descents = defaultDescents, ...restrictions }: FitOptions = {}): LawFit {
  const form = formNamed(lawName);
  const slots = new Slots(form, restrictions);
  checkTrainings(slots, observations);
  const objective = new HuberObjective(slots, observations, delta);
  const { point, value } = findOptimum(objective, observations, { descents, extra: projected(slots, observations, restrictions) });
  const condition = checkIdentified(objective, point);
  const parameters = slots.parameters(point);
  return {
    law: form.law, parameters, source: `fit to ${observations.length} trainings`, objective, optimum: point, value, condition, restrictions,
    r2: determination(form.law, parameters, observations),
  };
}

/** For Chinchilla's law, also a start by variable projection. */
function projected(slots: Slots, observations: readonly Observation[], { tieExponents = false }: Restrictions): Float64Array[] {
  if (slots.form.law.name !== "chinchilla") return [];
  const start = slots.free(projectChinchilla(observations, tieExponents));
  return start.every(Number.isFinite) ? [start] : [];
}

/** The parameters for resampled trainings; see {@link bootstrap}. */
export function bootstrapParameters({ objective, optimum }: LawFit, options: { readonly repetitions: number; readonly seed: number }): LawParameters[] {
  return bootstrap(objective, optimum, options).map((free) => objective.slots.parameters(free));
}

/** What the law, fitted to all other trainings, predicts for each. */
export function leaveOneOut({ law, objective, optimum }: LawFit): Prediction[] {
  const whitening = new Whitening(objective, optimum);
  return objective.observations.map((observation, left) => {
    const weights = new Float64Array(objective.points).fill(1);
    weights[left] = 0;
    const { point } = whitening.minimise({ iterations: 300, tolerance: 1e-9 }, weights);
    return predict(law, objective.slots.parameters(point), observation);
  });
}

/**
 * Sets the trainings of the most FLOPs aside.
 *
 * @returns both parts in the table's order
 * @throws ScalingError when nothing would be left
 */
export function setHighestAside(observations: readonly Observation[], count: number): { kept: Observation[]; aside: Observation[] } {
  if (count >= observations.length) throw new ScalingError(`Of ${observations.length} trainings the ${count} of the most FLOPs cannot be set aside, as none would be left to fit; set fewer aside.`);
  const order = [...observations.keys()].sort((a, b) => flopsAt(observations, b) - flopsAt(observations, a));
  const highest = new Set(order.slice(0, count));
  return { kept: observations.filter((_, at) => !highest.has(at)), aside: observations.filter((_, at) => highest.has(at)) };
}

function flopsAt(observations: readonly Observation[], at: number): number {
  const observation = observations[at];
  return observation === undefined ? NaN : flopsOf(observation);
}

/**
 * Fits Chinchilla's law where no data is repeated, keeps it, and fits RN and RD to the other trainings: the way of
 * Muennighoff et al. 2023, section 3.2.
 *
 * @throws ScalingError as {@link fitLaw} does for either part
 */
export function fitInTwoSteps(observations: readonly Observation[], options: FitOptions = {}): { first: LawFit; second: LawFit } {
  const isNew = ({ tokens, uniqueTokens = tokens }: Observation) => tokens <= uniqueTokens;
  const { fixed = {}, ...others } = options;
  const decays = Object.fromEntries(Object.entries(fixed).filter(([name]) => name === "RN" || name === "RD"));
  const base = Object.fromEntries(Object.entries(fixed).filter(([name]) => !(name in decays)));
  const first = fitLaw("chinchilla", observations.filter(isNew), { ...others, fixed: base });
  const second = fitLaw("data-constrained", observations.filter((each) => !isNew(each)), { ...others, tieExponents: false, fixed: { ...first.parameters, ...decays } });
  return { first, second };
}

/** As {@link bootstrapParameters}, for both steps: the second is fitted anew to each resample of the first. */
export function bootstrapTwoSteps({ first, second }: { readonly first: LawFit; readonly second: LawFit }, { repetitions, seed }: { readonly repetitions: number; readonly seed: number }): LawParameters[] {
  const { observations, delta, slots: { form } } = second.objective;
  const decays = bootstrap(second.objective, second.optimum, { repetitions, seed });
  const bases = bootstrapParameters(first, { repetitions, seed: (seed + 1) % 2 ** 32 });
  const shift = (base: LawParameters): Float64Array => {
    const slots = new Slots(form, { ...second.restrictions, fixed: { ...second.restrictions.fixed, ...base } });
    return new Whitening(new HuberObjective(slots, observations, delta), second.optimum).minimise({ iterations: 100, tolerance: 1e-7 }).point;
  };
  return bases.map((base, at) => {
    const moved = shift(base).map((value, slot) => value + (decays[at]?.[slot] ?? 0) - (second.optimum[slot] ?? 0));
    return { ...second.objective.slots.parameters(moved), ...base };
  });
}
