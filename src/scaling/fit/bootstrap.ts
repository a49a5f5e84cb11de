import { fillIntegers } from "../../metrics/counter-random.ts";
import type { HuberObjective } from "./huber-objective.ts";
import { Whitening } from "./optimise.ts";

/** How far a resample's optimum is followed: its own chance is far larger than this share of the objective. */
const tolerance = 1e-7;

/**
 * Optima for resampled trainings: as many trainings as there are, drawn with replacement. Each search starts from the
 * optimum for all trainings (Efron 1979; as in Besiroglu et al. 2024).
 *
 * @param optimum of the objective, as free variables
 * @param seed a whole number from 0 to 2³² − 1; draw b is the same for any number of repetitions
 * @returns for each repetition, the free variables
 */
export function bootstrap(objective: HuberObjective, optimum: Float64Array, { repetitions, seed }: { readonly repetitions: number; readonly seed: number }): Float64Array[] {
  const whitening = new Whitening(objective, optimum);
  const picks = new Uint32Array(objective.points);
  const weights = new Float64Array(objective.points);
  return Array.from({ length: repetitions }, (_, repetition) => {
    fillIntegers(picks, objective.points, seed, repetition);
    weights.fill(0);
    for (const pick of picks) weights[pick] = (weights[pick] ?? 0) + 1;
    return whitening.minimise({ iterations: 200, tolerance }, weights).point;
  });
}
