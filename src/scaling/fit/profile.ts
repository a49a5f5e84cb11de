import type { LawParameters } from "../laws/law.ts";
import type { Interval } from "../laws/law-file.ts";
import { HuberObjective } from "./huber-objective.ts";
import { refine, Whitening } from "./optimise.ts";
import { curvatureAt } from "./robust-scale.ts";
import { Slots, type Restrictions } from "./slots.ts";

/** How far out a bound is looked for, in standard errors. */
const farthest = 40;
/** A parameter that hardly matters is not moved by more than this factor of e at once. */
const longestStep = 2;
const accuracy = 1e-3;
const evaluations = 30;

/**
 * Profile-likelihood intervals: those values of a parameter at which the other parameters, fitted anew, bring the
 * objective near enough to its optimum. The increase is judged as the robust likelihood ratio of Schrader and
 * Hettmansperger 1980, `2 ΔS E[ψ'] / E[ψ²]`, which is Gaussian's ratio where delta is infinite.
 *
 * @param quantile of the ratio's signed root, such as Student's t
 * @returns for each free parameter; a bound that is not found, as where the data leave a parameter open, is 0 or infinite
 */
export function profileIntervals(
  objective: HuberObjective, optimum: Float64Array, { restrictions, quantile }: { readonly restrictions: Restrictions; readonly quantile: number },
): Record<string, Interval> {
  const standardErrors = new Whitening(objective, optimum).standardErrors();
  const { slots } = objective;
  return Object.fromEntries(slots.names.flatMap((names, slot) => {
    const [name = ""] = names;
    const profile = new Profile(objective, optimum, restrictions, name, slot);
    const step = Math.min(longestStep, (standardErrors[slot] ?? 1) * Math.sqrt(1 / profile.curvature));
    const bounds = [-1, 1].map((sign) => profile.crossing(sign * step, quantile));
    return names.map((each) => [each, [bounds[0] ?? -Infinity, bounds[1] ?? Infinity]] as const);
  }));
}

class Profile {
  readonly curvature: number;
  readonly #least: number;
  readonly #start: LawParameters;

  constructor(readonly objective: HuberObjective, readonly optimum: Float64Array, readonly restrictions: Restrictions, readonly name: string, readonly slot: number) {
    const gradient = new Float64Array(optimum.length);
    this.#least = objective.evaluate(optimum, gradient);
    this.curvature = curvatureAt(objective, optimum);
    this.#start = objective.slots.parameters(optimum);
  }

  /** The parameter at which the ratio's root reaches the quantile, beyond the optimum in the direction of `step`, a change of the coordinate. */
  crossing(step: number, quantile: number): number {
    let [inside, outside, rootInside, rootOutside] = [0, step * quantile, 0, NaN];
    for (let tries = 0; tries < evaluations; tries++) {
      const middle = Number.isNaN(rootOutside) ? outside : inside + (outside - inside) * Math.min(0.9, Math.max(0.1, (quantile - rootInside) / (rootOutside - rootInside)));
      const root = this.#root(middle);
      if (Math.abs(root - quantile) < accuracy * quantile) return this.#parameterAt(middle);
      if (root > quantile || Number.isNaN(root)) [outside, rootOutside] = [middle, Number.isNaN(root) ? Infinity : root];
      else [inside, rootInside, outside] = [middle, root, Number.isNaN(rootOutside) ? middle * 1.7 : outside];
      if (Math.abs(outside) > farthest * Math.abs(step)) return this.#parameterAt(Math.sign(step) * Infinity);
    }
    return this.#parameterAt(inside);
  }

  #root(change: number): number {
    const fixed = { ...this.restrictions.fixed, [this.name]: this.#parameterAt(change) };
    const slots = new Slots(this.objective.slots.form, { ...this.restrictions, fixed });
    const objective = new HuberObjective(slots, this.objective.observations, this.objective.delta);
    const { value } = refine(objective, slots.free(this.#start));
    return Math.sqrt(2 * Math.max(0, value - this.#least) * this.curvature);
  }

  #parameterAt(change: number): number {
    const moved = this.optimum.slice();
    moved[this.slot] = (moved[this.slot] ?? 0) + change;
    return this.objective.slots.parameters(moved)[this.name] ?? NaN;
  }
}
