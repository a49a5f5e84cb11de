import { placeholder } from "../../graph/control.ts";
import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { rewrite, TensorMap } from "../../graph/traverse.ts";
import { Dependence } from "./dependence.ts";
import { layersOf } from "./units.ts";

/** One stage's part of a forward pass. */
export interface StageGraph {
  /** Placeholders of what comes from the stage before. */
  readonly inputs: readonly Tensor[];
  /** What goes to the next stage; of the last stage the results. */
  readonly outputs: readonly Tensor[];
}

/**
 * Cuts a forward pass into stages by its layers. What a later stage needs of an earlier one passes through all between.
 * @param stageOf of a layer; see `modelUnits`
 */
export function cutStages(results: readonly Tensor[], stages: number, stageOf: (layer: string) => number): StageGraph[] {
  const dependence = new Dependence(results);
  const layers = layersOf(dependence);
  const places = new Map<Node, number>();
  /** The last stage that reads a tensor. */
  const reach = new TensorMap<number>();
  const note = (tensor: Tensor, stage: number): void => {
    if (dependence.isActivation(tensor.node)) reach.set(tensor, Math.max(stage, reach.get(tensor) ?? 0));
  };
  for (const node of dependence.order) {
    if (!dependence.isActivation(node)) continue;
    const read = Math.max(0, ...node.inputs.map((tensor) => places.get(tensor.node) ?? 0));
    const layer = layers.get(node);
    const stage = layer === undefined ? read : Math.max(read, stageOf(layer));
    places.set(node, stage);
    node.inputs.forEach((tensor) => note(tensor, stage));
  }
  results.forEach((tensor) => note(tensor, stages - 1));
  const crossing = (border: number): Tensor[] => reach.keys().filter((tensor) => (
    (places.get(tensor.node) ?? 0) <= border && (reach.get(tensor) ?? 0) > border));
  let border: (readonly [Tensor, Tensor])[] = [];
  return Array.from({ length: stages }, (_, stage) => {
    const sent = stage === stages - 1 ? results : crossing(stage);
    const graph = { inputs: border.map(([, received]) => received), outputs: rewrite(sent, new TensorMap(border)) };
    border = sent.map((tensor, at) => [tensor, placeholder(`activation.${stage}.${at}`, tensor)]);
    return graph;
  });
}
