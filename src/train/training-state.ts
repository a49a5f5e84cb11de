/** What a checkpoint keeps of the engine's arrays, and how they come back. */
import type { TensorData } from "../data/safetensors.ts";
import type { StateStore } from "../engines/state-store.ts";
import type { Module } from "../nn/module.ts";
import { CheckpointError, type Checkpoint, type CheckpointContents } from "./checkpoint.ts";
import { matchParameters } from "./open-run.ts";
import { averageName, type TrainingPrograms } from "./training-programs.ts";

/** Before a parameter's name in the optimiser's file: the weights that training goes on from, where the model's file has their average. */
const RAW = "raw.";

/** The arrays of a checkpoint. The model's file has the weights that are to be used: the averaged ones where there are any. */
export function savedTensors(model: Module, programs: TrainingPrograms): Pick<CheckpointContents, "model" | "optimizer"> {
  const { state, averages } = programs;
  const names = model.parameters().map(({ name }) => name);
  return {
    model: new Map(names.map((name) => [name, tensorOf(state, averages ? averageName(name) : name)])),
    optimizer: new Map([
      ...programs.optimizerVariables(new Set(names)).map(({ name }) => [name, tensorOf(state, name)] as const),
      ...(averages ? names.map((name) => [`${RAW}${name}`, tensorOf(state, name)] as const) : []),
    ]),
  };
}

/**
 * Puts a checkpoint's arrays back. An average that the checkpoint lacks begins with its weights.
 * @throws CheckpointError where it was made with another model or optimiser
 */
export function restoreTensors(model: Module, programs: TrainingPrograms, checkpoint: Checkpoint): void {
  const { state, averages } = programs;
  const used = matchParameters(model, checkpoint.model, checkpoint.path);
  for (const [name, values] of used) {
    state.write(name, checkpoint.optimizer.get(`${RAW}${name}`)?.data ?? values);
    if (averages) state.write(averageName(name), values);
  }
  for (const { name } of programs.optimizerVariables(new Set(used.keys()))) {
    const tensor = checkpoint.optimizer.get(name);
    if (tensor === undefined) {
      throw new CheckpointError(`The checkpoint ${checkpoint.path} lacks the optimiser's "${name}"; it was made with another optimiser.`);
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
