/** What a checkpoint keeps of the engine's arrays, and how they come back. */
import type { TensorData } from "../data/safetensors.ts";
import type { StateStore } from "../engines/state-store.ts";
import type { Module } from "../nn/module.ts";
import type { StateVariable } from "../graph/state.ts";
import { CheckpointError, type Checkpoint } from "./checkpoint/checkpoint.ts";
import { matchParameters } from "./run/open-run.ts";
import type { SavedTensors } from "./step-programs.ts";
import { averageName } from "./update-program.ts";

/** Under which name the optimiser's file has a weight that training goes on from, where the model's file has its average. */
export function rawName(parameter: string): string {
  return `raw.${parameter}`;
}

/** The arrays of a checkpoint. The model's file has the weights that are to be used: the averaged ones where there are any. */
export function savedTensors(model: Module, state: StateStore, optimizer: readonly StateVariable[], averages: boolean): SavedTensors {
  const names = model.parameters().map(({ name }) => name);
  return {
    model: new Map(names.map((name) => [name, tensorOf(state, averages ? averageName(name) : name)])),
    optimizer: new Map([
      ...optimizer.map(({ name }) => [name, tensorOf(state, name)] as const),
      ...(averages ? names.map((name) => [rawName(name), tensorOf(state, name)] as const) : []),
    ]),
  };
}

/**
 * Puts a checkpoint's arrays back. An average that the checkpoint lacks begins with its weights.
 * @throws CheckpointError where it was made with another model or optimiser
 */
export function restoreTensors(model: Module, state: StateStore, optimizer: readonly StateVariable[], averages: boolean, checkpoint: Checkpoint): void {
  const used = matchParameters(model, checkpoint.model, checkpoint.path);
  for (const [name, values] of used) {
    state.write(name, checkpoint.optimizer.get(rawName(name))?.data ?? values);
    if (averages) state.write(averageName(name), values);
  }
  for (const { name } of optimizer) {
    const tensor = checkpoint.optimizer.get(name);
    if (tensor === undefined) {
      throw new CheckpointError(`The checkpoint ${checkpoint.path} lacks the optimiser's "${name}"; it was made with another optimiser.`);
    }
    const { shape } = state.variable(name);
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(`"${name}" is [${tensor.shape.join(", ")}] in the checkpoint ${checkpoint.path}, but [${shape.join(", ")}] under this configuration; `
        + "a state that is carried from batch to batch has as many rows as training.batch.sequences says: go on with what the checkpoint was made with.");
    }
    state.write(name, tensor.data);
  }
}

function tensorOf(state: StateStore, name: string): TensorData {
  const { shape } = state.variable(name);
  const data = state.read(name);
  return data instanceof Int32Array ? { dtype: "int32", shape, data }
    : { dtype: "float32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}
