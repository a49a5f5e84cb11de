import type { FittedLaw } from "../laws/published.ts";
import type { Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import { fitLaw, type LawFit } from "./fit-law.ts";
import { formNamed } from "./forms/catalogue.ts";
import { determination } from "./goodness.ts";
import { HuberObjective } from "./huber-objective.ts";
import { Slots } from "./slots.ts";

/** How a law whose parameters are known agrees with trainings, and how their own fit does. */
export interface Evaluation {
  readonly fitted: FittedLaw;
  /** The sum of Huber's loss of the residuals of the log-loss. */
  readonly value: number;
  readonly r2: number;
  readonly points: number;
  readonly delta: number;
  /** Missing where the trainings cannot determine the law. */
  readonly own: LawFit | undefined;
}

/**
 * Evaluates a law on trainings without fitting it. The parameters may have more names than the law uses, such as those
 * of the data-constrained law for Chinchilla's.
 *
 * @throws ScalingError when a parameter of the law has no value
 */
export function evaluateLaw({ law, parameters, source }: FittedLaw, observations: readonly Observation[], delta: number): Evaluation {
  const missing = law.parameterNames.find((name) => parameters[name] === undefined);
  if (missing !== undefined) throw new ScalingError(`${source} gives no value for ${missing} of the law ${law.name}, only for ${Object.keys(parameters).join(", ")}; name the law that it is of.`);
  const used = Object.fromEntries(law.parameterNames.map((name) => [name, parameters[name] ?? NaN]));
  const objective = new HuberObjective(new Slots(formNamed(law.name), { fixed: used }), observations, delta);
  return {
    fitted: { law, parameters: used, source }, value: objective.evaluate(new Float64Array(0), new Float64Array(0)),
    r2: determination(law, used, observations), points: observations.length, delta, own: ownFit(law.name, observations, delta),
  };
}

function ownFit(name: string, observations: readonly Observation[], delta: number): LawFit | undefined {
  try {
    return fitLaw(name, observations, { delta });
  } catch (error) {
    if (error instanceof ScalingError) return undefined;
    throw error;
  }
}
