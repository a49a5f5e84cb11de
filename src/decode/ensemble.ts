import type { Engine } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import type { SequenceModel } from "../models/sequence-model.ts";

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
    for (const { name, shape, dtype } of model.attach(prefix).parameters()) {
      const own = prefix === "" ? name : name.slice(prefix.length + 1);
      const values = parameters.get(own);
      if (values === undefined) {
        throw new Error(`The model's parameter "${own}" has no value; the parameters that were given are of another model.`);
      }
      store.declare({ name, shape, dtype, initialize: () => values });
    }
  });
  return store;
}
