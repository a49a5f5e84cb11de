import type { LawParameters, Law } from "../laws/law.ts";
import type { Observation } from "../observation.ts";

/** The share of the losses' variance about their mean that a law explains; below zero where the mean would predict better. */
export function determination(law: Law, parameters: LawParameters, observations: readonly Observation[]): number {
  const mean = observations.reduce((sum, { loss }) => sum + loss, 0) / observations.length;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value * value, 0);
  return 1 - sum(observations.map((each) => each.loss - law.loss(parameters, each))) / sum(observations.map(({ loss }) => loss - mean));
}

/** What a law predicts for a training that it was not fitted to. */
export interface Prediction {
  readonly observation: Observation;
  readonly predicted: number;
  /** Predicted beyond measured, in per cent of the measured. */
  readonly percent: number;
}

export function predict(law: Law, parameters: LawParameters, observation: Observation): Prediction {
  const predicted = law.loss(parameters, observation);
  return { observation, predicted, percent: 100 * (predicted / observation.loss - 1) };
}
