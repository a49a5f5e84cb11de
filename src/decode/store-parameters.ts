import type { StateStore } from "../engines/state-store.ts";
import type { Module } from "../nn/module.ts";

/**
 * Declares a model's parameters in a store with the values given for them, by their names without `prefix`.
 *
 * @throws Error where a parameter has no value of its size
 */
export function storeParameters(store: StateStore, model: Module, parameters: ReadonlyMap<string, Float32Array>, prefix = ""): void {
  for (const { name, shape, dtype } of model.parameters()) {
    const own = prefix === "" ? name : name.slice(prefix.length + 1);
    const values = parameters.get(own);
    if (values === undefined) {
      throw new Error(`The model's parameter "${own}" has no value; the parameters that were given are of another model.`);
    }
    store.declare({ name, shape, dtype, initialize: () => values });
  }
}
