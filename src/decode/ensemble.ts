import type { Engine } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import type { SequenceModel } from "../models/sequence-model.ts";
import { storeParameters } from "./store-parameters.ts";

/** A model and the values of its parameters, by their names within it. */
export interface EnsembleMember {
  readonly model: SequenceModel;
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

/**
 * Puts the parameters of all members into one store. Members of an ensemble are attached under `model0`, `model1`, …,
 * so that their names differ; a model alone keeps its names.
 *
 * @throws Error where there is no model, one is given twice, or a parameter has no value of its size
 */
export function storeMembers(members: readonly EnsembleMember[], engine: Engine): StateStore {
  if (members.length === 0) throw new Error("A decoder was asked for without a model; give at least one.");
  if (new Set(members.map(({ model }) => model)).size < members.length) {
    throw new Error("The ensemble holds one model object twice; build an object for each member.");
  }
  const store = engine.createState();
  members.forEach(({ model, parameters }, index) => {
    const prefix = members.length === 1 ? "" : `model${index}`;
    storeParameters(store, model.attach(prefix), parameters, prefix);
  });
  return store;
}
