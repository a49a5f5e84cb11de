import { placeholder } from "../../graph/control.ts";
import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { rewrite, TensorMap } from "../../graph/traverse.ts";
import { Dependence } from "./dependence.ts";
import { layersOf } from "./units.ts";

/** One stage's part of a forward pass. */
export interface StageGraph {
  /** Placeholders of what comes from the stage before, and of what is given here. */
  readonly inputs: readonly Tensor[];
  /** What goes to the next stage, of the last stage the results; and what is left here. */
  readonly outputs: readonly Tensor[];
}

/** What no border is crossed with. */
export interface Resident {
  /** Placeholders, each for the one stage that reads it. */
  readonly given?: readonly Tensor[];
  /** Results that stay on the stage that computes them. */
  readonly left?: readonly Tensor[];
}

/** A stage, with which of the residents are its: the last of its inputs and outputs, in this order. */
export interface CutStage extends StageGraph {
  readonly given: readonly number[];
  readonly left: readonly number[];
}

/**
 * Cuts a forward pass into stages by its layers. What a later stage needs of an earlier one passes through all between.
 * @param stageOf of a layer; see `modelUnits`
 */
export function cutStages(
  results: readonly Tensor[], stages: number, stageOf: (layer: string) => number, { given = [], left = [] }: Resident = {},
): CutStage[] {
  const dependence = new Dependence([...results, ...left], given);
  const placeholders = new TensorMap(given.map((tensor, at) => [tensor, at] as const));
  const readers = new Map<number, number>();
  const layers = layersOf(dependence);
  const places = new Map<Node, number>();
  /** The last stage that reads a tensor. */
  const reach = new TensorMap<number>();
  const note = (tensor: Tensor, stage: number): void => {
    const placeholder = placeholders.get(tensor);
    if (placeholder !== undefined) readers.set(placeholder, stage);
    else if (dependence.isActivation(tensor.node)) reach.set(tensor, Math.max(stage, reach.get(tensor) ?? 0));
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
  const placeOf = (tensor: Tensor | undefined): number => (tensor && places.get(tensor.node)) ?? 0;
  const crossing = (border: number): Tensor[] => reach.keys().filter((tensor) => (
    (places.get(tensor.node) ?? 0) <= border && (reach.get(tensor) ?? 0) > border));
  let border: (readonly [Tensor, Tensor])[] = [];
  return Array.from({ length: stages }, (_, stage) => {
    const sent = stage === stages - 1 ? results : crossing(stage);
    const here = { given: [...given.keys()].filter((at) => readers.get(at) === stage), left: [...left.keys()].filter((at) => placeOf(left[at]) === stage) };
    const graph = {
      ...here, inputs: [...border.map(([, received]) => received), ...pick(given, here.given)],
      outputs: rewrite([...sent, ...pick(left, here.left)], new TensorMap(border)),
    };
    border = sent.map((tensor, at) => [tensor, placeholder(`activation.${stage}.${at}`, tensor)]);
    return graph;
  });
}

function pick<Value>(values: readonly Value[], at: readonly number[]): Value[] {
  return values.filter((_, index) => at.includes(index));
}
