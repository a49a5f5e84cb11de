import type { Signature } from "../../graph/program.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import type { TrainingTask } from "../../train/training-task.ts";

/** The loss that training minimises, as a graph on feeds by their names. */
export function trainingGraph(task: TrainingTask): Tensor {
  return task.trainingLoss(feedTensors(task.signature), input("seed", "int32", [])).loss;
}

/** -log p of each sequence's targets, as validation counts it: [batch]. */
export function validationGraph(task: TrainingTask): Tensor {
  return task.validationLoss(feedTensors(task.validationSignature)).negativeLogLikelihoods;
}

function feedTensors(signature: Signature): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(signature).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]));
}
